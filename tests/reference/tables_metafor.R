# metafor and base R as black boxes: classical pooling of 2x2 tables and of two rates, with the data of metadat.
# Run in this directory:  Rscript tables_metafor.R
# Writes tables_metafor.json. Nothing is random and no date is written.

suppressMessages(library(metafor))
options(warn = -1)

num <- function(x) if (length(x) == 0) "null" else if (length(x) == 1) (if (is.finite(x)) sprintf("%.17g", x) else "null") else nums(x)
nums <- function(x) paste0("[", paste(vapply(x, num, ""), collapse = ","), "]")
obj <- function(l) paste0("{", paste0("\"", names(l), "\":", unlist(l), collapse = ","), "}")
entries <- character()

exact <- function(t) {
  # Strata that say nothing must be left out for R.
  keep <- (t$ai + t$ci) > 0 & (t$bi + t$di) > 0
  t <- t[keep, ]
  t[] <- lapply(t, as.numeric) # the sums of R overflow whole numbers
  arr <- array(rbind(t$ai, t$ci, t$bi, t$di), c(2, 2, nrow(t)))
  out <- list()
  for (alt in c("two.sided", "less", "greater")) {
    e <- mantelhaen.test(arr, exact = TRUE, alternative = alt)
    out[[alt]] <- e
  }
  m <- mantelhaen.test(arr, exact = FALSE, correct = TRUE)
  n <- mantelhaen.test(arr, exact = FALSE, correct = FALSE)
  obj(list(estimate = num(out$two.sided$estimate), lower = num(out$two.sided$conf.int[1]), upper = num(out$two.sided$conf.int[2]),
    two_sided = num(out$two.sided$p.value), less = num(out$less$p.value), greater = num(out$greater$p.value),
    cmh_corrected = num(m$statistic), cmh = num(n$statistic), mh_or = num(m$estimate), mh_lower = num(m$conf.int[1]), mh_upper = num(m$conf.int[2])))
}

fit <- function(f, extra = list()) {
  obj(c(list(b = num(as.numeric(f$beta)), se = num(f$se), lb = num(f$ci.lb), ub = num(f$ci.ub), p = num(f$pval), qe = num(f$QE), qep = num(f$QEp), i2 = num(f$I2), h2 = num(f$H2),
    k = num(f$k), ky = num(f$k.yi)), extra))
}
attempt <- function(x) tryCatch(x, error = function(e) "null")

tables <- function(name, t, do_exact = TRUE) {
  t <- t[, c("ai", "bi", "ci", "di")]
  t <- t[stats::complete.cases(t), ]
  with(t, {
    for (level in c(95, 90)) {
      half <- list(add = c(1/2, 0), to = c("only0", "none"), drop00 = c(TRUE, FALSE))
      both <- list(add = c(1/2, 1/2), to = c("only0", "only0"), drop00 = c(TRUE, TRUE))
      run <- function(measure, opts, correct) {
        do.call(rma.mh, c(list(measure = measure, ai = ai, bi = bi, ci = ci, di = di, level = level, correct = correct), opts))
      }
      mh <- list()
      for (m in c("OR", "RR", "RD")) for (o in c("own", "both")) {
        opts <- if (o == "own") half else both
        mh[[paste0(m, "_", o)]] <- attempt({
          f <- run(m, opts, TRUE)
          g <- run(m, opts, FALSE)
          extra <- if (m == "OR") list(mh = num(f$MH), mhp = num(f$MHp), mh_uncorrected = num(g$MH), ta = num(f$TA), tap = num(f$TAp)) else list()
          fit(f, c(extra, list(weights = num(as.numeric(weights(f))))))
        })
      }
      peto <- attempt({ f <- rma.peto(ai = ai, bi = bi, ci = ci, di = di, level = level); fit(f, list(weights = num(as.numeric(weights(f))))) })
      entries <<- c(entries, obj(list(name = paste0("\"", name, "\""), kind = "\"tables\"", level = num(level / 100), ai = nums(ai), bi = nums(bi), ci = nums(ci), di = nums(di),
        mh = obj(mh), peto = peto, exact = if (do_exact && level == 95) attempt(exact(t)) else "null")))
    }
  })
}

rates <- function(name, t) {
  t <- t[stats::complete.cases(t), ]
  with(t, {
    mh <- list()
    for (m in c("IRR", "IRD")) mh[[m]] <- attempt({
      f <- rma.mh(measure = m, x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, correct = TRUE)
      g <- rma.mh(measure = m, x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, correct = FALSE)
      extra <- if (m == "IRR") list(mh = num(f$MH), mh_uncorrected = num(g$MH)) else list()
      fit(f, c(extra, list(weights = num(as.numeric(weights(f))))))
    })
    entries <<- c(entries, obj(list(name = paste0("\"", name, "\""), kind = "\"rates\"", level = num(0.95), x1i = nums(x1i), t1i = nums(t1i), x2i = nums(x2i), t2i = nums(t2i), mh = obj(mh))))
  })
}

four <- function(e1, n1, e2, n2) data.frame(ai = e1, bi = n1 - e1, ci = e2, di = n2 - e2)
bcg <- with(dat.bcg, data.frame(ai = tpos, bi = tneg, ci = cpos, di = cneg))
tables("bcg", bcg, FALSE)
tables("tolbutamide", data.frame(ai = c(8, 22), bi = c(98, 76), ci = c(5, 16), di = c(115, 69)))
tables("ivig", data.frame(ai = c(22, 37), bi = c(2, 10), ci = c(10, 21), di = c(8, 27)))
tables("ivig_dalakas", data.frame(ai = c(22, 37, 9), bi = c(2, 10, 3), ci = c(10, 21, 0), di = c(8, 27, 11)))
with(dat.collins1985a, tables("collins1985a", four(b.xti, nti, b.xci, nci)))
with(dat.collins1985b, tables("collins1985b_pre", four(pre.xti, pre.nti, pre.xci, pre.nci)))
with(dat.collins1985a, tables("collins1985a_deaths", four(d.xti, nti, d.xci, nci)))
with(dat.collins1985b, tables("collins1985b_stillbirths", four(stb.xti, fup.nti, stb.xci, fup.nci)))
with(dat.damico2009, tables("damico2009", four(xt, nt, xc, nc)))
with(dat.dorn2007, tables("dorn2007", four(x.a, n.a, x.p, n.p)))
with(dat.graves2010, tables("graves2010", four(ai, n1i, ci, n2i)))
with(dat.axfors2021, tables("axfors2021", four(hcq_arm_event, hcq_arm_total, control_arm_event, control_arm_total)))
with(dat.hine1989, tables("hine1989", four(ai, n1i, ci, n2i)))
with(dat.nielweise2007, tables("nielweise2007", four(ai, n1i, ci, n2i)))
with(dat.hahn2001, tables("hahn2001", four(ai, n1i, ci, n2i)))
with(dat.lee2004, tables("lee2004", four(ai, n1i, ci, n2i)))
with(dat.linde2005, tables("linde2005", four(ai, n1i, ci, n2i)))
with(dat.lau1992, tables("lau1992", four(ai, n1i, ci, n2i), FALSE))
with(dat.yusuf1985[dat.yusuf1985$table == "6", ], tables("yusuf1985_6", four(ai, n1i, ci, n2i)))
with(dat.yusuf1985[dat.yusuf1985$table == "9", ], tables("yusuf1985_9", four(ai, n1i, ci, n2i)))
with(dat.yusuf1985[dat.yusuf1985$table == "11", ], tables("yusuf1985_11", four(ai, n1i, ci, n2i)))
tables("sparse", data.frame(ai = c(0, 1, 0, 2, 0, 3, 0), bi = c(10, 12, 8, 9, 30, 17, 5), ci = c(2, 0, 0, 1, 3, 0, 0), di = c(9, 11, 9, 12, 20, 22, 6)))
tables("pairs", data.frame(ai = c(rep(1, 9), rep(0, 4), rep(1, 3)), bi = c(rep(0, 9), rep(1, 4), rep(0, 3)), ci = c(rep(0, 9), rep(1, 4), rep(1, 3)), di = c(rep(1, 9), rep(0, 4), rep(0, 3))))
tables("full", data.frame(ai = c(10, 4, 7), bi = c(0, 3, 2), ci = c(8, 2, 7), di = c(0, 6, 9)))

with(dat.nielweise2008, rates("nielweise2008", data.frame(x1i, t1i, x2i, t2i)))
with(dat.hart1999, rates("hart1999", data.frame(x1i, t1i, x2i, t2i)))
rates("rothman_chd", data.frame(x1i = c(8, 22), t1i = c(53.2, 40.9), x2i = c(5, 16), t2i = c(60.1, 33.4)))
rates("british_doctors", data.frame(x1i = c(32, 104, 206, 186, 102), t1i = c(52407, 43248, 28612, 12663, 5317), x2i = c(2, 12, 28, 28, 31), t2i = c(18790, 10673, 5710, 2585, 1462)))
rates("zeros", data.frame(x1i = c(0, 3, 5, 0), t1i = c(10.5, 20, 33, 4), x2i = c(2, 0, 4, 0), t2i = c(11, 25, 30, 6)))

writeLines(paste0("{\"source\":{\"tool\":\"metafor\",\"version\":\"3.8.1\",\"r\":\"4.2.2\",\"script\":\"tables_metafor.R\",",
  "\"calls\":\"rma.mh(add = c(1/2, 0), to = c('only0', 'none'), drop00 = c(TRUE, FALSE)) for *_own, (c(1/2, 1/2), c('only0', 'only0'), c(TRUE, TRUE)) for *_both; rma.peto; mantelhaen.test\"},\n\"cases\":[\n",
  paste(entries, collapse = ",\n"), "\n]}"), "tables_metafor.json")

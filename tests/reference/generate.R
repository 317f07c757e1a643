# Pinned reference numbers from R's metafor, used as a black box.
# Run in this directory:  Rscript generate.R
# Writes metafor_effects.json, metafor_pool.json and published.json.
# Nothing is random and no date is written: a second run gives identical files.

suppressMessages({library(metafor); library(metadat)})
options(warn = -1)

# ---- JSON with %.17g, which identifies every double ------------------------------
quoted <- function(s) {
  s <- gsub("\\", "\\\\", s, fixed = TRUE)
  s <- gsub("\"", "\\\"", s, fixed = TRUE)
  paste0("\"", gsub("[[:space:]]+", " ", s), "\"")
}
scalar <- function(v) {
  if (is.character(v)) return(ifelse(is.na(v), "null", quoted(v)))
  if (is.logical(v)) return(ifelse(is.na(v), "null", ifelse(v, "true", "false")))
  stopifnot(is.numeric(v))
  ifelse(is.finite(v), sprintf("%.17g", v), "null")
}
# Vectors of class "I" (made with I()) become arrays even at length one.
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x)) {
    if (length(x) == 0) return("{}")
    items <- vapply(x, json, "")
    if (is.null(names(x))) return(paste0("[", paste(items, collapse = ","), "]"))
    return(paste0("{", paste0(quoted(names(x)), ":", items, collapse = ","), "}"))
  }
  if (length(x) == 1 && !inherits(x, "AsIs")) return(scalar(x))
  paste0("[", paste(scalar(unclass(x)), collapse = ","), "]")
}
write_json <- function(file, source, sections) {
  body <- vapply(names(sections), function(n)
    paste0(quoted(n), ":[\n", paste(vapply(sections[[n]], json, ""), collapse = ",\n"), "\n]"), "")
  writeLines(paste0("{\"source\":", json(source), ",\n", paste(body, collapse = ",\n"), "}"), file)
}
tool <- list(tool = "metafor", version = as.character(packageVersion("metafor")),
             metadat = as.character(packageVersion("metadat")),
             r = paste(R.version$major, R.version$minor, sep = "."), script = "generate.R")
message_of <- function(e) if (inherits(e, "try-error")) conditionMessage(attr(e, "condition")) else NA_character_
quiet <- function(expr) suppressMessages(suppressWarnings(try(expr, silent = TRUE)))

# ---- a. effect sizes --------------------------------------------------------------
effect <- function(measure, inputs, opts = list()) {
  r <- quiet(do.call(escalc, c(list(measure = measure), inputs, opts)))
  ok <- !inherits(r, "try-error")
  list(measure = measure, inputs = lapply(inputs, I), opts = opts, ok = ok,
       yi = if (ok) I(as.numeric(r$yi)), vi = if (ok) I(as.numeric(r$vi)), message = message_of(r))
}
cell_rules <- c(list(list()), list(
  list(to = "all"), list(to = "if0all"), list(to = "none"),
  list(add = 0.1), list(add = 0.1, to = "all"), list(add = 1, to = "only0"), list(add = 0, to = "only0"),
  list(drop00 = TRUE)))
rate_rules <- cell_rules[1:8]
one_group_rules <- cell_rules[1:8]

two_by_two <- list(
  zeros = list(ai = c(0, 5, 3, 0, 10, 12, 1, 0, 37, 22, 9, 500000, 1, 0),
               bi = c(10, 7, 0, 8, 0, 0, 9, 1, 10, 2, 3, 500000, 999999, 1000000),
               ci = c(2, 0, 4, 0, 10, 5, 0, 1, 21, 10, 0, 499000, 2, 3),
               di = c(8, 9, 6, 11, 0, 7, 1, 0, 27, 8, 11, 501000, 999998, 999997)),
  full = list(ai = c(1, 4, 3, 62, 505, 22, 12, 37, 8, 250000, 1, 7),
              bi = c(1, 119, 228, 13536, 87886, 2, 12, 10, 2537, 750000, 999999, 4),
              ci = c(1, 11, 11, 248, 499, 10, 8, 21, 10, 300000, 4, 2),
              di = c(1, 128, 209, 12619, 87892, 8, 10, 27, 619, 700000, 999996, 9)))
two_means <- list(
  m1i = c(55, 27, 64, 0, -3.5, 1e-6, 1e6, 5, 2.96, 100, 3, 12.5, 0.4),
  sd1i = c(47, 7, 17, 1, 0.4, 2e-7, 2e4, 1.5, 3.64, 15, 0.9, 3, 0.1),
  n1i = c(155, 31, 75, 2, 3, 12, 40, 10, 24, 1000000, 4, 7, 50),
  m2i = c(75, 29, 119, 0.5, -3.1, 1.3e-6, 1.01e6, 5, 7.46, 99.9, 1, 10, 0.35),
  sd2i = c(64, 4, 29, 2, 1.2, 1e-7, 9e4, 1.5, 6.26, 16, 1.1, 9, 0.3),
  n2i = c(156, 32, 71, 2, 2, 10, 35, 10, 20, 1000000, 3, 90, 5))
paired <- list(
  m1i = c(2.96, 9.54, 5, 0.1, 100, -4, 1e-6, 3, 12, 8, 50, 7),
  m2i = c(7.46, 6.71, 5, 0.3, 99.5, 4, 2e-6, 1, 10, 9, 47, 7.5),
  sd1i = c(3.64, 1.02, 2, 0.05, 15, 3, 3e-7, 1.1, 4, 2.5, 10, 1),
  sd2i = c(6.26, 1.60, 2, 0.07, 14, 6, 2e-7, 0.7, 3, 2.5, 11, 2),
  ni = c(24, 24, 10, 3, 1000000, 2, 12, 5, 40, 7, 150, 30),
  ri = c(0.5, 0.7, 0, 0.9, 0.3, -0.4, 0.99, 0.5, 0.25, -0.9, 0.8, 0))
proportions <- list(
  zeros = list(xi = c(0, 7, 7, 22, 35, 10, 0, 1, 1, 500000, 1, 999999, 0, 3),
               ni = c(10, 19, 8, 24, 42, 10, 1, 1, 2, 1000000, 1000000, 1000000, 1000000, 7)),
  full = list(xi = c(7, 7, 22, 35, 1, 1, 500000, 1, 999999, 60, 13, 23),
              ni = c(19, 8, 24, 42, 2, 3, 1000000, 1000000, 1000000, 73, 15, 27)))
correlations <- list(ri = c(0, 0.187, 0.162, -0.5, 0.9, -0.99, 0.999, 0.1, 0.3, 1e-8, -0.2, 0.65),
                     ni = c(123, 109, 749, 10, 5, 4, 20, 1000000, 6, 50, 30, 12))
rates <- list(
  zeros = list(xi = c(0, 4, 1, 30, 1000000, 2, 0, 12, 7, 250, 1, 9),
               ti = c(100, 250.5, 0.5, 1000, 1e6, 1e6, 1e-3, 33.25, 1344, 12000, 1e7, 2)),
  full = list(xi = c(4, 1, 30, 1000000, 2, 12, 7, 250, 1, 9, 18, 3),
              ti = c(250.5, 0.5, 1000, 1e6, 1e6, 33.25, 1344, 12000, 1e7, 2, 77, 5000)))
two_rates <- list(
  zeros = list(x1i = c(0, 7, 8, 3, 0, 1000000, 1, 12, 0, 5, 2, 40),
               t1i = c(100, 1344, 1600, 12.5, 50, 1e6, 1e7, 200, 0.5, 60, 1e-2, 900),
               x2i = c(3, 11, 8, 0, 0, 990000, 4, 9, 1, 5, 6, 55),
               t2i = c(120, 1988, 1461, 10.5, 60, 1e6, 1e7, 210, 0.25, 60, 3e-2, 850)),
  full = list(x1i = c(7, 8, 3, 10, 6, 1000000, 1, 12, 5, 2, 40, 9),
              t1i = c(1344, 1600, 12.5, 1200, 900, 1e6, 1e7, 200, 60, 1e-2, 900, 413),
              x2i = c(11, 8, 1, 15, 1, 990000, 4, 9, 5, 6, 55, 19),
              t2i = c(1988, 1461, 10.5, 1300, 800, 1e6, 1e7, 210, 60, 3e-2, 850, 398)))

effects <- list()
add_effect <- function(...) effects[[length(effects) + 1]] <<- effect(...)
for (m in c("OR", "RR", "RD", "AS", "PETO")) for (d in two_by_two) for (o in cell_rules) add_effect(m, d, o)
add_effect("MD", two_means); add_effect("MD", two_means, list(vtype = "HO"))
for (v in c("LS", "LS2", "UB")) add_effect("SMD", two_means, list(vtype = v))
# SMDH, ROM, SMCRH and ROMC are left out: their conventions changed after 3.8; correct = FALSE: 3.8 ignores it
for (m in c("MC", "SMCR", "SMCC")) add_effect(m, paired)
for (m in c("PR", "PLN", "PLO", "PAS", "PFT")) for (d in proportions) for (o in one_group_rules) add_effect(m, d, o)
for (m in c("COR", "ZCOR")) add_effect(m, correlations)
for (m in c("IR", "IRLN", "IRS", "IRFT")) for (d in rates) for (o in rate_rules) add_effect(m, d, o)
for (m in c("IRR", "IRD", "IRSD")) for (d in two_rates) for (o in rate_rules) add_effect(m, d, o)

# ---- scalar transformations -------------------------------------------------------
transforms <- list()
add_transform <- function(name, f, x, n = NULL) {
  v <- vapply(seq_along(x), function(i) as.numeric(if (is.null(n)) f(x[i]) else f(x[i], n[i])), 0)
  transforms[[length(transforms) + 1]] <<- list(fn = name, x = I(x), n = if (!is.null(n)) I(n), value = I(v))
}
logits <- c(-700, -40, -5, -1.3, -1e-9, 0, 1e-9, 0.3, 2, 17.5, 36, 37, 700)
add_transform("transf.ilogit", transf.ilogit, logits)
add_transform("transf.logit", transf.logit, c(1e-300, 1e-10, 0.01, 0.25, 0.5, 0.75, 0.99, 1 - 1e-12))
add_transform("exp", exp, c(-700, -1, 0, 1e-10, 1, 30, 700))
add_transform("transf.ztor", transf.ztor, c(-20, -3, -0.5, -1e-9, 0, 1e-9, 0.5, 1, 3, 19, 20, 300))
add_transform("transf.rtoz", transf.rtoz, c(-0.999999, -0.5, 0, 1e-9, 0.1, 0.5, 0.99, 0.9999999))
add_transform("transf.arcsin", transf.arcsin, c(0, 1e-12, 0.01, 0.5, 0.9, 1))
add_transform("transf.iarcsin", transf.iarcsin, c(-0.3, 0, 1e-6, 0.5, pi / 4, 1.2, pi / 2, 1.7))
pft_x <- c(0, 1, 7, 7, 22, 35, 5, 10, 500000, 1, 0); pft_n <- c(10, 10, 19, 8, 24, 42, 5, 10, 1e6, 1e6, 1)
add_transform("transf.pft", transf.pft, pft_x / pft_n, pft_n) # takes the proportion, not the count
pft_y <- c(0.1, 0.2, 0.5, pi / 4, 1, 1.3, 1.55, 0.05, -0.2, 1.6, 0.153, 1.418, 1.05, 1.05)
pft_m <- c(10, 19, 24, 8, 42, 16.45, 12, 12, 20, 20, 10, 10, 16.4536082474227, 1e6)
add_transform("transf.ipft", function(x, n) transf.ipft(x, n), pft_y, pft_m)
hm <- function(x, ni) transf.ipft.hm(x, targs = list(ni = ni))
add_transform("transf.ipft.hm(ni = 19, 8, 24, 42)", function(x) hm(x, c(19, 8, 24, 42)), c(0.2, 0.6246, 0.7858, 1.0506, 1.3154, 1.4767, 1.6))

write_json("metafor_effects.json",
  c(tool, list(call = "escalc(measure = MEASURE, <inputs>, <opts>); omitted opts are metafor's defaults add = 1/2, to = 'only0', drop00 = FALSE, vtype = 'LS'",
               digits = "17 significant digits", null = "yi or vi null: metafor returned NA or a non-finite value for that row; ok = false: metafor refused the call, see message")),
  list(effects = effects, transforms = transforms))

# ---- data sets for pooling --------------------------------------------------------
sets <- list()
add_set <- function(name, measure, yi, vi, ni = NULL) {
  keep <- is.finite(yi) & is.finite(vi)
  sets[[length(sets) + 1]] <<- list(name = name, measure = measure, yi = as.numeric(yi)[keep], vi = as.numeric(vi)[keep],
                                    ni = if (!is.null(ni)) as.numeric(ni)[keep])
}
from <- function(name, measure, ..., data = NULL) {
  e <- eval(substitute(escalc(measure = measure, ..., data = data)))
  ni <- attr(e$yi, "ni")
  add_set(paste0(name, "_", measure), measure, e$yi, e$vi, ni)
}
one_arm <- list(ivig_a = list(c(7, 7, 22, 35), c(19, 8, 24, 42)),
                ivig_a2 = list(c(7, 7, 12, 35), c(19, 12, 24, 42)),
                ivig_b2 = list(c(23, 13), c(27, 15)),
                ivig_c2 = list(c(11, 3, 25, 7, 13, 22, 16, 8, 37), c(12, 11, 35, 8, 16, 24, 23, 19, 47)))
for (n in names(one_arm)) for (m in c("PR", "PLN", "PLO", "PAS", "PFT"))
  from(n, m, xi = one_arm[[n]][[1]], ni = one_arm[[n]][[2]])
# Kampylafka 2012, ProDERM (Aggarwal 2022), Dalakas 1993 major improvement (a zero cell)
for (m in c("OR", "RR", "RD")) {
  from("ivig_two_arm", m, ai = c(22, 37), n1i = c(24, 47), ci = c(10, 21), n2i = c(18, 48))
  from("ivig_two_arm_zero", m, ai = c(22, 37, 9), n1i = c(24, 47, 12), ci = c(10, 21, 0), n2i = c(18, 48, 11))
}
for (m in c("OR", "RR", "RD")) from("bcg", m, ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
for (m in c("OR", "RD")) from("hine1989", m, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.hine1989)
for (m in c("OR", "RR")) from("li2007", m, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.li2007)
for (m in c("OR", "RR", "RD")) from("nielweise2007", m, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.nielweise2007)
from("nielweise2008", "IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.nielweise2008)
from("hart1999", "IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.hart1999)
for (m in c("MD", "SMD", "ROM")) from("normand1999", m, m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)
# Normand (1999) pools the two standard deviations; the set above does not
local({ e <- escalc(measure = "MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999, vtype = "HO")
  add_set("normand1999_pooled_sd_MD", "MD", e$yi, e$vi, attr(e$yi, "ni")) })
from("curtis1998", "SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.curtis1998)
for (m in c("PR", "PLN", "PLO", "PAS", "PFT")) from("pritz1997", m, xi = xi, ni = ni, data = dat.pritz1997)
from("debruin2009", "PLO", xi = xi, ni = ni, data = dat.debruin2009)
from("hannum2020", "PFT", xi = xi, ni = ni, data = dat.hannum2020)
for (m in c("COR", "ZCOR")) { from("mcdaniel1994", m, ri = ri, ni = ni, data = dat.mcdaniel1994); from("molloy2014", m, ri = ri, ni = ni, data = dat.molloy2014) }
from("colditz1994", "OR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.colditz1994)
from("collins1985a", "OR", ai = b.xti, n1i = nti, ci = b.xci, n2i = nci, data = dat.collins1985a)
from("collins1985b", "OR", ai = pre.xti, n1i = pre.nti, ci = pre.xci, n2i = pre.nci, data = dat.collins1985b)
from("lee2004", "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.lee2004)
from("linde2005", "RR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.linde2005[c(7:10, 13:25), ])
from("yusuf1985_table6", "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.yusuf1985[dat.yusuf1985$table == "6", ])
from("lau1992", "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.lau1992)
from("egger2001", "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.egger2001)
add_set("bangertdrowns2004_SMD", "SMD", dat.bangertdrowns2004$yi, dat.bangertdrowns2004$vi, dat.bangertdrowns2004$ni)
add_set("hackshaw1998_OR", "OR", dat.hackshaw1998$yi, dat.hackshaw1998$vi)
add_set("raudenbush1985_SMD", "SMD", dat.raudenbush1985$yi, dat.raudenbush1985$vi)
# Published tables whose data stand in the articles (every printed figure is reproduced, see published.json)
from("clasp", "OR", ai = c(5, 5, 12, 69, 9, 313), n1i = c(156, 303, 565, 1570, 103, 4659), ci = c(8, 17, 9, 94, 11, 352), n2i = c(74, 303, 477, 1565, 105, 4650))
add_set("viechtbauer2005_GEN", "GEN", c(-0.581, 0.530, 0.771, 1.031, 0.553, 0.295, 0.078, 0.573, -0.176, -0.232), c(0.023, 0.052, 0.060, 0.115, 0.095, 0.203, 0.200, 0.211, 0.051, 0.040))
add_set("lipsey2001_GEN", "GEN", c(-0.33, 0.32, 0.39, 0.31, 0.17, 0.64, -0.33, 0.15, -0.02, 0.00), c(0.084, 0.035, 0.017, 0.034, 0.072, 0.117, 0.102, 0.093, 0.012, 0.067))
set_named <- function(name) Filter(function(s) s$name == name, sets)[[1]]

# ---- b. pooling, c. back-transformation, d. fixed tau2 ---------------------------
methods <- c("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "PM")
tests <- c("z", "t", "knha", "adhoc")
back <- list(OR = exp, RR = exp, IRR = exp, ROM = exp, PLN = exp, PLO = transf.ilogit,
             PAS = transf.iarcsin, ZCOR = transf.ztor)
natural <- function(fit, s, ...) {
  if (s$measure == "PFT") return(quiet(predict(fit, transf = transf.ipft.hm, targs = list(ni = s$ni), ...)))
  f <- back[[s$measure]]
  if (is.null(f)) NULL else quiet(predict(fit, transf = f, ...))
}
# metafor's stopping thresholds are absolute, so they are scaled to the data. The
# tightest threshold that lets the iteration stop is used.
grid <- list()
for (eps in c(1e-16, 1e-15, 1e-14, 1e-13, 1e-12)) for (step in c(1, 0.5))
  grid[[length(grid) + 1]] <- list(eps = eps, step = step, maxiter = 500)
grid[[length(grid) + 1]] <- list(eps = 1e-13, step = 0.5, maxiter = 20000)
settled <- new.env() # the setting that worked for a data set and method, used for every test
fit_tight <- function(s, ..., method) {
  scale <- mean(s$vi) + if (length(s$yi) > 1) var(s$yi) else 0
  if (method == "PM") # a root finder: bracket and tolerance only
    return(quiet(rma(s$yi, s$vi, method = method, ..., control = list(tol = 1e-17 * scale, maxiter = 1e5, tau2.max = 1e4 * scale))))
  key <- paste(s$name, method)
  settings <- if (is.null(settled[[key]])) grid else settled[[key]]
  for (g in settings) {
    f <- quiet(rma(s$yi, s$vi, method = method, ..., control = list(threshold = g$eps * scale, maxiter = g$maxiter, stepadj = g$step)))
    if (!inherits(f, "try-error")) { settled[[key]] <- list(g); return(f) }
  }
  f
}
num <- function(v) if (is.null(v) || length(v) == 0) NA_real_ else as.numeric(v)[1]
test_block <- function(f, s) {
  if (inherits(f, "try-error")) return(list(error = message_of(f)))
  p <- quiet(predict(f)); b <- natural(f, s)
  pick <- function(o, k) if (is.null(o) || inherits(o, "try-error")) NA_real_ else num(o[[k]])
  list(b = num(f$beta), se = num(f$se), stat = num(f$zval), p = num(f$pval), lb = num(f$ci.lb), ub = num(f$ci.ub),
       pi_lb = pick(p, "pi.lb"), pi_ub = pick(p, "pi.ub"),
       nat_b = pick(b, "pred"), nat_lb = pick(b, "ci.lb"), nat_ub = pick(b, "ci.ub"),
       nat_pi_lb = pick(b, "pi.lb"), nat_pi_ub = pick(b, "pi.ub"), error = NA_character_)
}
fit_block <- function(s, method, ...) {
  fits <- lapply(setNames(tests, tests), function(t) fit_tight(s, method = method, test = t, ...))
  f <- Filter(function(f) !inherits(f, "try-error"), fits)
  if (length(f) == 0) return(list(method = method, error = message_of(fits[[1]])))
  f <- f[[1]]; fs <- f$fit.stats
  list(method = method, error = NA_character_, tau2 = num(f$tau2), se_tau2 = num(f$se.tau2),
       QE = num(f$QE), QEp = num(f$QEp), I2 = num(f$I2), H2 = num(f$H2),
       ll_ml = fs["ll", "ML"], dev_ml = fs["dev", "ML"], aic_ml = fs["AIC", "ML"], bic_ml = fs["BIC", "ML"], aicc_ml = fs["AICc", "ML"],
       ll_reml = fs["ll", "REML"], dev_reml = fs["dev", "REML"], aic_reml = fs["AIC", "REML"], bic_reml = fs["BIC", "REML"], aicc_reml = fs["AICc", "REML"],
       tests = lapply(fits, test_block, s = s))
}
qprofile <- function(s, level) {
  scale <- mean(s$vi) + var(s$yi)
  f <- fit_tight(s, method = "DL", test = "z")
  ci <- quiet(confint(f, level = level, control = list(tol = 1e-17 * scale, maxiter = 1e5, tau2.max = 1e7 * scale)))
  if (inherits(ci, "try-error")) return(list(level = level / 100, error = message_of(ci)))
  r <- ci$random
  list(level = level / 100, error = NA_character_, empty = isTRUE(ci$ci.null), tau2_lb = r[1, 2], tau2_ub = r[1, 3],
       I2_lb = r[3, 2], I2_ub = r[3, 3], H2_lb = r[4, 2], H2_ub = r[4, 3])
}
cases <- lapply(sets, function(s) list(
  name = s$name, measure = s$measure, k = length(s$yi), yi = I(s$yi), vi = I(s$vi), ni = if (!is.null(s$ni)) I(s$ni),
  fits = lapply(methods, function(m) fit_block(s, m)), qprofile = lapply(c(95, 90), function(l) qprofile(s, l))))

fixed <- list()
for (n in c("bcg_RR", "ivig_a_PLO", "ivig_b2_PLO", "normand1999_MD", "molloy2014_ZCOR", "ivig_two_arm_zero_OR")) {
  s <- set_named(n); dl <- fit_tight(s, method = "DL", test = "z")$tau2
  for (t2 in unique(c(0, 1e-6 * mean(s$vi), 0.5 * mean(s$vi), dl, 10 * mean(s$vi), 1e6 * mean(s$vi))))
    fixed[[length(fixed) + 1]] <- c(list(name = n), fit_block(s, "REML", tau2 = t2))
}

levels <- list()
for (n in c("bcg_RR", "ivig_a_PLO", "normand1999_MD")) for (l in c(50, 80, 90, 99, 99.9)) for (t in tests) {
  s <- set_named(n); f <- fit_tight(s, method = "REML", test = t, level = l)
  levels[[length(levels) + 1]] <- c(list(name = n, method = "REML", level = l / 100, test = t), test_block(f, s))
}

# What metafor 5.1-12 has and this version may refuse (message null: accepted).
availability <- list()
probe <- function(call, expr) availability[[length(availability) + 1]] <<- list(call = call, message = message_of(quiet(expr)))
b <- set_named("bcg_RR")
probe("rma(yi, vi, method = 'HSk')", rma(b$yi, b$vi, method = "HSk"))
probe("rma(yi, vi, method = 'PMM')", rma(b$yi, b$vi, method = "PMM"))
probe("confint(rma(yi, vi), type = 'PL')", confint(rma(b$yi, b$vi), type = "PL"))
probe("escalc(measure = 'SMD', vtype = 'H0')", escalc(measure = "SMD", m1i = 1, m2i = 2, sd1i = 1, sd2i = 1, n1i = 10, n2i = 10, vtype = "H0"))
probe("escalc(measure = 'CLES')", escalc(measure = "CLES", m1i = 1, m2i = 2, sd1i = 1, sd2i = 1, n1i = 10, n2i = 10))
probe("escalc(measure = 'SMCRP')", escalc(measure = "SMCRP", m1i = 1, m2i = 2, sd1i = 1, sd2i = 1, ni = 10, ri = 0.5))

write_json("metafor_pool.json",
  c(tool, list(call = "rma(yi, vi, method = METHOD, test = TEST, control = list(threshold = EPS * s, maxiter = 500, stepadj = STEP)), s = mean(vi) + var(yi), the first of EPS = 1e-16 .. 1e-12, STEP = 1, 0.5 that converges; PM: control = list(tol = 1e-17 * s, maxiter = 1e5, tau2.max = 1e4 * s); predict(fit) for pi_*; predict(fit, transf = ..) for nat_*; confint(DL fit, level, control = list(tol = 1e-17 * s, maxiter = 1e5, tau2.max = 1e7 * s)) for qprofile; fixed: rma(.., tau2 = TAU2)",
               digits = "17 significant digits", null = "not defined there (EE has no se_tau2 and no prediction interval, identity scales have no nat_*), or refused: see error")),
  list(cases = cases, fixed_tau2 = fixed, levels = levels, availability = availability))

# ---- published tables -------------------------------------------------------------
source("published.R", local = TRUE)

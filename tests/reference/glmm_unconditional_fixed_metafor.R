# Further sets for rma.glmm(model = "UM.FS"), as a black box: glmm_unconditional_metafor.R has the first six sets of tables and three of rates.
# Rscript glmm_unconditional_fixed_metafor.R > glmm_unconditional_fixed_metafor.json
suppressMessages({library(metafor)})
num <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 17, format = "g"), collapse = ","), "]")
odds <- list(
  hahn2001 = as.list(unname(dat.hahn2001[, c("ai", "n1i", "ci", "n2i")])),
  lee2004 = as.list(unname(dat.lee2004[1:8, c("ai", "n1i", "ci", "n2i")])),
  unequal = list(c(1, 0, 3, 2), c(10, 12, 15, 9), c(3, 9, 2, 11), c(400, 600, 150, 350)))
rates <- list(
  moderate = list(c(31, 12, 44, 27, 9), c(210, 180, 260, 90, 120), c(40, 9, 61, 21, 15), c(200, 175, 255, 97, 118)),
  homogeneous = list(c(5, 11, 8, 6), c(100, 210, 150, 120), c(9, 20, 14, 12), c(95, 205, 140, 118)),
  unequal = list(c(2, 1, 4, 0), c(20, 15, 31, 12), c(30, 55, 41, 22), c(900, 1200, 700, 650)),
  small = list(c(1, 4, 0, 6, 2, 3), c(8.5, 12.25, 7, 20.5, 9, 11), c(3, 2, 4, 1, 5, 0), c(9, 11.5, 8, 19, 10.25, 7)),
  sparse = list(c(0, 1, 2, 1), c(100, 50, 80, 44), c(3, 0, 1, 2), c(90, 60, 75, 40)))
out <- c()
one <- function(name, kind, d, coding) {
  data <- if (kind == "logit") list(measure = "OR", ai = d[[1]], n1i = d[[2]], ci = d[[3]], n2i = d[[4]]) else
    list(measure = "IRR", x1i = d[[1]], t1i = d[[2]], x2i = d[[3]], t2i = d[[4]])
  fit <- tryCatch(suppressWarnings(do.call(rma.glmm, c(data, list(model = "UM.FS", nAGQ = 25, coding = coding)))),
    error = function(e) { message(name, ": ", conditionMessage(e)); NULL })
  if (is.null(fit)) return(NULL)
  sprintf('{"name":"%s","kind":"%s","model":"UM.FS","coding":%s,"nAGQ":25,"rows":[%s],"mu":%s,"se":%s,"tau2":%s,"ll":%s,"lrt":%s}',
    name, kind, num(coding), paste(sprintf("[%s,%s,%s,%s]", d[[1]], d[[2]], d[[3]], d[[4]]), collapse = ","),
    num(fit$beta[1]), num(fit$se[1]), num(fit$tau2), num(logLik(fit)), num(fit$QE.LRT))
}
for (s in names(odds)) for (coding in c(1/2, 1)) out <- c(out, one(s, "logit", odds[[s]], coding))
for (s in names(rates)) for (coding in c(1/2, 1)) out <- c(out, one(s, "poisson", rates[[s]], coding))
cat('{"source":"metafor ', as.character(packageVersion("metafor")), ', lme4 ', as.character(packageVersion("lme4")), ', rma.glmm(measure, model = \\"UM.FS\\", coding, nAGQ = 25)",\n"cases":[\n', paste(out, collapse = ",\n"), '\n]}\n', sep = "")

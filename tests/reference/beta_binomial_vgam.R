# The beta-binomial model of two groups by VGAM, as a black box. Rscript beta_binomial_vgam.R > beta_binomial_vgam.json
# vglm(cbind(x, n - x) ~ group, betabinomial(lmu, lrho = "logitlink", zero = 2)): one intraclass correlation for all arms, as in Kuss 2015.
# Iterated to a change of 1e-12 of the coefficients; its standard errors come from the expected information.
suppressMessages(library(VGAM))
num <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 17, format = "g"), collapse = ","), "]")
sets <- list(
  ivig = list(c(9, 37), c(12, 47), c(0, 21), c(11, 48)),
  nielweise = list(c(0, 1, 2, 0, 5, 1, 1, 1, 1, 1, 0, 0, 3, 6, 0, 0, 1, 4), c(116, 44, 208, 130, 151, 98, 174, 74, 97, 113, 66, 70, 188, 187, 118, 252, 345, 64),
    c(3, 3, 9, 7, 6, 4, 3, 2, 19, 2, 7, 1, 5, 11, 0, 1, 3, 1), c(117, 35, 195, 136, 157, 139, 177, 39, 103, 122, 64, 58, 175, 180, 105, 262, 362, 69)),
  lee = list(c(18, 5, 9, 32, 9, 11), c(100, 50, 20, 135, 23, 18), c(20, 18, 7, 31, 10, 12), c(100, 50, 20, 139, 23, 18)),
  heterogeneous = list(c(1, 30, 20, 2, 5), c(40, 40, 40, 50, 30), c(20, 10, 5, 33, 6), c(40, 40, 50, 50, 30)),
  damico = list(c(0, 13, 1, 12, 14), c(45, 58, 28, 161, 32), c(4, 23, 29, 38, 17), c(46, 30, 60, 170, 32)),
  unequal = list(c(1, 0, 3, 2), c(10, 12, 15, 9), c(3, 9, 2, 11), c(400, 600, 150, 350)),
  hart = list(c(9, 8, 3, 6, 7, 20), c(413, 263, 487, 237, 489, 507), c(19, 19, 13, 9, 23, 50), c(398, 245, 435, 241, 483, 405)))
out <- c()
for (s in names(sets)) for (link in c("logit", "log", "identity")) {
  d <- sets[[s]]
  x <- c(d[[1]], d[[3]]); n <- c(d[[2]], d[[4]]); group <- rep(c(1, 0), each = length(d[[1]]))
  l <- c(logit = "logitlink", log = "loglink", identity = "identitylink")[[link]]
  warned <- character(0)
  fit <- tryCatch(withCallingHandlers(vglm(cbind(x, n - x) ~ group, do.call(betabinomial, list(lmu = l, lrho = "logitlink", zero = 2)), epsilon = 1e-12, maxit = 500),
    warning = function(w) { warned <<- c(warned, conditionMessage(w)); invokeRestart("muffleWarning") }),
    error = function(e) { message(s, " ", link, ": ", conditionMessage(e)); NULL })
  if (length(warned)) message(s, " ", link, ": ", paste(unique(warned), collapse = "; "))
  if (is.null(fit)) next
  b <- coef(fit)
  out <- c(out, sprintf('{"name":"%s","contrast":"%s","rows":[%s],"effect":%s,"se":%s,"rho":%s,"ll":%s}', s, link,
    paste(sprintf("[%s,%s,%s,%s]", d[[1]], d[[2]], d[[3]], d[[4]]), collapse = ","), num(b[["group"]]), num(sqrt(vcov(fit)["group", "group"])),
    num(plogis(b[["(Intercept):2"]])), num(logLik(fit))))
}
cat('{"source":"VGAM ', as.character(packageVersion("VGAM")), ', vglm(cbind(x, n - x) ~ group, betabinomial(zero = 2))",\n"cases":[\n', paste(out, collapse = ",\n"), '\n]}\n', sep = "")

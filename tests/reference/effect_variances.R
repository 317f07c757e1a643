# Variances that escalc of metafor 3.8 does not have under their own name, put together from what it and base R do
# have; everything is run as a black box. Run in this directory:  Rscript effect_variances.R
# Writes effect_variances_r.json. Nothing is random and no date is written.
#
# * AV of a comparison of two groups is the sum of the AV of both groups (PLO, PLN, PR), since the groups are
#   independent and each is averaged over the studies by itself.
# * H0 is the sum of the variances of both groups with the risk m1/n of the whole table; for RD that is also
#   (y / z)^2 of the z of prop.test without continuity correction.
# * H0 of an area under the curve: the exact distribution of the Mann-Whitney statistic, dwilcox.
# * Empirical correction of zero cells: the Mantel-Haenszel odds ratio (rma.mh) and the inverse-variance one (rma, "EE")
#   of the tables without a zero cell.

suppressMessages(library(metafor))
options(warn = -1)

numbers <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ","), "]")
ai <- c(12, 3, 44, 7, 150, 1, 20); bi <- c(30, 55, 61, 13, 420, 99, 5)
ci <- c(18, 9, 30, 2, 190, 6, 12); di <- c(25, 48, 70, 20, 400, 88, 15)
n1 <- ai + bi; n2 <- ci + di

one <- function(measure, xi, ni, vtype) as.numeric(escalc(measure, xi = xi, ni = ni, vtype = vtype, to = "none")$vi)
part <- c(OR = "PLO", RR = "PLN", RD = "PR")
risk <- (ai + ci) / (n1 + n2)
entries <- character()
for (m in names(part)) {
  av <- one(part[[m]], ai, n1, "AV") + one(part[[m]], ci, n2, "AV")
  h0 <- one(part[[m]], n1 * risk, n1, "LS") + one(part[[m]], n2 * risk, n2, "LS")
  entries <- c(entries, sprintf("{\"measure\":\"%s\",\"vtype\":\"AV\",\"vi\":%s}", m, numbers(av)),
               sprintf("{\"measure\":\"%s\",\"vtype\":\"H0\",\"vi\":%s}", m, numbers(h0)))
}
test <- vapply(seq_along(ai), function(i) {
  x2 <- unname(prop.test(c(ai[i], ci[i]), c(n1[i], n2[i]), correct = FALSE)$statistic)
  (ai[i] / n1[i] - ci[i] / n2[i])^2 / x2
}, 0)
entries <- c(entries, sprintf("{\"measure\":\"RD\",\"vtype\":\"H0\",\"by\":\"prop.test\",\"vi\":%s}", numbers(test)))

sizes <- list(c(3, 4), c(7, 11), c(1, 5), c(20, 13), c(30, 30))
area <- vapply(sizes, function(n) {
  u <- 0:(n[1] * n[2]) / (n[1] * n[2])
  sum((u - 0.5)^2 * dwilcox(0:(n[1] * n[2]), n[1], n[2]))
}, 0)
auc <- sprintf("{\"n1\":%s,\"n2\":%s,\"vi\":%s}", numbers(sapply(sizes, `[`, 1)), numbers(sapply(sizes, `[`, 2)), numbers(area))

# Tables without a zero cell, and the two that have one.
whole <- list(ai = c(12, 3, 44), bi = c(30, 55, 61), ci = c(18, 9, 30), di = c(25, 48, 170))
mh <- exp(as.numeric(rma.mh(ai = ai, bi = bi, ci = ci, di = di, data = whole, measure = "OR")$beta))
iv <- exp(as.numeric(rma(ai = ai, bi = bi, ci = ci, di = di, data = whole, measure = "OR", method = "EE")$beta))
omega <- sprintf("{%s,\"mantel_haenszel\":%.17g,\"inverse_variance\":%.17g}",
                 paste0(sprintf("\"%s\":", names(whole)), vapply(whole, numbers, ""), collapse = ","), mh, iv)

tables <- paste0(sprintf("\"%s\":", c("ai", "bi", "ci", "di")), c(numbers(ai), numbers(bi), numbers(ci), numbers(di)), collapse = ",")
source <- sprintf("{\"tool\":\"metafor and stats\",\"version\":\"%s, R %s.%s\",\"script\":\"effect_variances.R\",\"digits\":17}",
                  packageVersion("metafor"), R.version$major, R.version$minor)
writeLines(paste0("{\"source\":", source, ",\n\"tables\":{", tables, "},\n\"two_by_two\":[\n", paste(entries, collapse = ",\n"),
                  "\n],\n\"auc_null\":", auc, ",\n\"odds_ratio_of_whole_tables\":", omega, "}"), "effect_variances_r.json")

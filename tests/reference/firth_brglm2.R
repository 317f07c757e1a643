# Firth's penalised logistic regression by brglm2 as a black box. Rscript firth_brglm2.R > firth_brglm2.json
suppressMessages({library(brglm2); library(metadat)})
num <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 17, format = "g", width = 1), collapse = ","), "]")
sets <- list(
  nielweise = dat.nielweise2007[, c("ai", "n1i", "ci", "n2i")],
  hine = dat.hine1989[, c("ai", "n1i", "ci", "n2i")],
  li = dat.li2007[, c("ai", "n1i", "ci", "n2i")],
  lee = dat.lee2004[, c("ai", "n1i", "ci", "n2i")],
  separated = data.frame(ai = c(4, 3), n1i = c(9, 7), ci = c(0, 0), n2i = c(8, 9)),
  ivig = data.frame(ai = c(9, 37), n1i = c(12, 47), ci = c(0, 21), n2i = c(11, 48)))
out <- c()
for (s in names(sets)) {
  d <- sets[[s]]
  long <- data.frame(x = c(d$ai, d$ci), n = c(d$n1i, d$n2i), study = factor(rep(seq_len(nrow(d)), 2)), group = rep(c(1, 0), each = nrow(d)))
  fit <- glm(cbind(x, n - x) ~ 0 + study + group, family = binomial, data = long, method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 10000)
  pearson <- sum(residuals(fit, type = "pearson")^2)
  mu <- fitted(fit); n <- long$n
  skew <- mean((1 - 2 * mu) * (long$x - n * mu) / binomial()$variance(mu) / n)
  fletcher <- pearson / df.residual(fit) / (1 + skew)
  out <- c(out, sprintf('{"name":"%s","x1":%s,"n1":%s,"x2":%s,"n2":%s,"effect":%s,"se":%s,"pearson":%s,"df":%s,"fletcher":%s}', s, num(d$ai), num(d$n1i), num(d$ci), num(d$n2i),
    num(coef(fit)["group"]), num(summary(fit)$coefficients["group", "Std. Error"]), num(pearson), num(df.residual(fit)), num(fletcher)))
}
cat('{"source":"brglm2 ', as.character(packageVersion("brglm2")), ', glm(method = \\"brglmFit\\", type = \\"AS_mean\\", epsilon = 1e-12)",\n"cases":[\n', paste(out, collapse = ",\n"), '\n]}\n', sep = "")

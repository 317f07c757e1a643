# Every column of a batch for one unit of five studies, by metafor. Run here: Rscript batch.R > batch.json
# Iterative estimators run to their last digit; the prediction interval is that of test = "knha".
suppressMessages({library(metafor); library(jsonlite)})
y <- c(0.1, 0.9, 0.5, -0.2, 0.3); v <- c(0.04, 0.05, 0.03, 0.1, 0.02)
num <- function(x) sprintf("%.17g", x)
control <- list(threshold = 1e-14, tol = 1e-14, maxiter = 10000)
columns <- function(method) {
  wald <- rma(y, v, method = method, control = control)
  out <- list(method = method, mu = num(wald$b[1]), se = num(wald$se), tau2 = num(wald$tau2), q = num(wald$QE),
              i2 = num(wald$I2 / 100), p = num(wald$pval), q_p = num(wald$QEp))
  if (method == "EE") return(out)
  knha <- rma(y, v, method = method, test = "knha", control = control)
  bounds <- predict(knha)
  c(out, list(hk_se = num(knha$se), hk_p = num(knha$pval), prediction_lower = num(bounds$pi.lb), prediction_upper = num(bounds$pi.ub)))
}
rows <- vapply(c("EE", "DL", "HE", "SJ", "PM", "REML", "ML"), function(m) toJSON(columns(m), auto_unbox = TRUE), "")
source <- list(tool = paste("metafor", packageVersion("metafor")), r = as.character(getRversion()), script = "batch.R")
cat(paste0('{"source": ', toJSON(source, auto_unbox = TRUE), ',\n"y": ', toJSON(y), ', "v": ', toJSON(v), ',\n"fits": [\n', paste(rows, collapse = ",\n"), "\n]}\n"))

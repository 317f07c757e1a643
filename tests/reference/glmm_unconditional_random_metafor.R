# metafor's rma.glmm(model = "UM.RS", method = "EE") as a black box: one random effect, for which lme4 sums over as many nodes as it is told.
# The sets are those of glmm_unconditional_metafor.json. Rscript glmm_unconditional_random_metafor.R > glmm_unconditional_random_metafor.json
suppressMessages({library(metafor); library(jsonlite)})
num <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 17, format = "g"), collapse = ","), "]")
cases <- fromJSON("glmm_unconditional_metafor.json", simplifyVector = FALSE)$cases
seen <- c()
out <- c()
for (case in cases) {
  if (case$name %in% seen) next
  seen <- c(seen, case$name)
  d <- matrix(as.numeric(unlist(case$rows)), ncol = 4, byrow = TRUE)
  data <- if (case$kind == "logit") list(measure = "OR", ai = d[, 1], n1i = d[, 2], ci = d[, 3], n2i = d[, 4]) else
    list(measure = "IRR", x1i = d[, 1], t1i = d[, 2], x2i = d[, 3], t2i = d[, 4])
  fit <- suppressWarnings(suppressMessages(do.call(rma.glmm, c(data, list(model = "UM.RS", method = "EE", nAGQ = 25)))))
  out <- c(out, sprintf('{"name":"%s","kind":"%s","rows":%s,"mu":%s,"se":%s,"sigma2":%s,"lrt":%s}', case$name, case$kind,
    toJSON(d, digits = 17), num(fit$beta[1]), num(fit$se[1]), num(fit$sigma2), num(fit$QE.LRT)))
}
cat('{"source":"metafor ', as.character(packageVersion("metafor")), ', lme4 ', as.character(packageVersion("lme4")), ', rma.glmm(measure, model = \\"UM.RS\\", method = \\"EE\\", nAGQ = 25)",\n"cases":[\n', paste(out, collapse = ",\n"), '\n]}\n', sep = "")

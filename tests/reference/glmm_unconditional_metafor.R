# metafor's rma.glmm for the unconditional models of two groups, as a black box. Rscript glmm_unconditional_metafor.R > glmm_unconditional_metafor.json
# UM.FS sums over nAGQ nodes; UM.RS has two random effects, for which lme4 only has Laplace's approximation (nAGQ = 1).
suppressMessages({library(metafor)})
num <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 17, format = "g"), collapse = ","), "]")
odds <- list(
  bcg = list(c(4,6,3,62,33,180,8,505,29,17,186,5,27), c(123,306,231,13598,5069,1541,2545,88391,7499,1716,50634,2498,16913), c(11,29,11,248,47,372,10,499,45,65,141,3,29), c(139,303,220,12867,5808,1451,629,88391,7277,1665,27338,2341,17854)),
  hine1989 = list(c(2,4,6,7,7,11), c(39,44,107,103,110,154), c(1,4,4,5,3,4), c(43,44,110,100,106,146)),
  damico2009 = list(c(0,13,1,12,14), c(45,58,28,161,32), c(4,23,29,38,17), c(46,30,60,170,32)),
  collins1985a = list(c(8,11,5,2,0,10), c(50,56,18,14,18,21), c(16,12,1,6,3,8), c(50,53,12,15,19,19)),
  zeros = list(c(0,3,1,2), c(12,20,30,9), c(4,0,6,5), c(15,18,31,8)),
  heterogeneous = list(c(1,30,20,2,5), c(40,40,40,50,30), c(20,10,5,33,6), c(40,40,50,50,30)))
rates <- list(
  hart1999 = list(c(9,8,3,6,7,20), c(413,263,487,237,489,507), c(19,19,13,9,23,50), c(398,245,435,241,483,405)),
  nielweise2008 = list(c(7,8,3,6,1,1,17,3,2), c(1344,1600,12012,1536,370,729,6760,1107,320), c(11,8,14,10,1,8,15,7,3), c(1988,1461,10962,1503,483,913,6840,1015,440)),
  differ = list(c(12,40,3), c(100,90,30), c(70,11,9), c(120,95,31)))
out <- c()
one <- function(name, kind, d, model, coding, cor, nAGQ) {
  args <- list(model = model, nAGQ = nAGQ, coding = coding)
  if (model == "UM.RS") args$cor <- cor
  data <- if (kind == "logit") list(measure = "OR", ai = d[[1]], n1i = d[[2]], ci = d[[3]], n2i = d[[4]]) else
    list(measure = "IRR", x1i = d[[1]], t1i = d[[2]], x2i = d[[3]], t2i = d[[4]])
  fit <- tryCatch(suppressWarnings(do.call(rma.glmm, c(data, args))), error = function(e) { message(name, " ", model, ": ", conditionMessage(e)); NULL })
  if (is.null(fit)) return(NULL)
  sprintf('{"name":"%s","kind":"%s","model":"%s","coding":%s,"cor":%s,"nAGQ":%s,"rows":[%s],"mu":%s,"se":%s,"tau2":%s,"sigma2":%s,"ll":%s,"lrt":%s,"wald":%s}',
    name, kind, model, num(coding), tolower(cor), nAGQ, paste(sprintf("[%s,%s,%s,%s]", d[[1]], d[[2]], d[[3]], d[[4]]), collapse = ","),
    num(fit$beta[1]), num(fit$se[1]), num(fit$tau2), num(if (is.null(fit$sigma2)) NA else fit$sigma2) |> gsub("NA", "null", x = _), num(logLik(fit)), num(fit$QE.LRT), num(fit$QE.Wld) |> gsub("NA", "null", x = _))
}
for (s in names(odds)) for (coding in c(1/2, 1)) out <- c(out, one(s, "logit", odds[[s]], "UM.FS", coding, FALSE, 25))
for (s in names(rates)) for (coding in c(1/2, 1)) out <- c(out, one(s, "poisson", rates[[s]], "UM.FS", coding, FALSE, 25))
for (s in names(odds)) out <- c(out, one(s, "logit", odds[[s]], "UM.FS", 1/2, FALSE, 7))
for (s in names(odds)) for (cor in c(FALSE, TRUE)) out <- c(out, one(s, "logit", odds[[s]], "UM.RS", 1/2, cor, 1))
for (s in names(rates)) for (cor in c(FALSE, TRUE)) out <- c(out, one(s, "poisson", rates[[s]], "UM.RS", 1/2, cor, 1))
cat('{"source":"metafor ', as.character(packageVersion("metafor")), ', lme4 ', as.character(packageVersion("lme4")), ', rma.glmm(measure, model, coding, cor, nAGQ)",\n"cases":[\n', paste(out, collapse = ",\n"), '\n]}\n', sep = "")

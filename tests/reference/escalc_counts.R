# metafor as a black box: variance variants, scopes and dropped studies of effects from counts that the grid of
# metafor 5.1 does not have. Run in this directory:  Rscript escalc_counts.R
# Writes escalc_counts_metafor_3_8.json. Nothing is random and no date is written.

suppressMessages(library(metafor))
options(warn = -1)

numbers <- function(x) paste0("[", paste(ifelse(is.finite(x), sprintf("%.17g", x), "null"), collapse = ","), "]")
value <- function(x) {
  if (is.character(x)) paste0("\"", x, "\"") else if (is.logical(x)) tolower(x) else sprintf("%.17g", x)
}
object <- function(x, f) paste0("{", paste0(sprintf("\"%s\":", names(x)), vapply(x, f, ""), collapse = ","), "}")
entries <- character()
add <- function(measure, args, opts) {
  r <- suppressMessages(do.call(escalc, c(list(measure = measure), args, opts)))
  opts_json <- if (length(opts)) object(opts, value) else "{}"
  entries <<- c(entries, sprintf("{\"measure\":\"%s\",\"args\":%s,\"opts\":%s,\"yi\":%s,\"vi\":%s}", measure,
                                 object(args, numbers), opts_json, numbers(as.numeric(r$yi)), numbers(as.numeric(r$vi))))
}

tables <- list(ai = c(12, 3, 0, 44, 7, 0), bi = c(30, 55, 14, 61, 13, 25), ci = c(18, 9, 0, 30, 2, 5), di = c(25, 48, 11, 70, 20, 19))
scopes <- c("only0", "if0all", "all", "none")
for (v in c("LS", "UB", "AV")) for (to in scopes) for (d in c(FALSE, TRUE)) {
  # Without a correction the table without events has a variance of 0 for all but "AV".
  add("RD", tables, list(vtype = v, to = to, drop00 = d))
}
for (m in c("OR", "RR", "PETO")) for (to in scopes[1:3]) for (d in c(FALSE, TRUE)) add(m, tables, list(to = to, drop00 = d))
for (to in scopes[1:3]) for (d in c(FALSE, TRUE)) add("AS", tables, list(to = to, drop00 = d, add = 0.25))
whole <- list(ai = c(12, 3, 44, 7, 0, 9), bi = c(30, 55, 61, 13, 14, 0), ci = c(18, 9, 30, 2, 5, 4), di = c(25, 48, 70, 20, 11, 8))
for (v in c("LS", "ST", "CS")) for (to in c("only0", "all")) add("PHI", whole, list(vtype = v, to = to, add = 0.5))
for (v in c("ST", "CS")) add("PHI", whole, list(vtype = v))

groups <- list(xi = c(0, 5, 9, 12), ni = c(10, 17, 9, 40))
for (v in c("LS", "UB", "AV")) for (to in scopes[1:3]) add("PR", groups, list(vtype = v, to = to))
for (m in c("PLN", "PLO")) for (v in c("LS", "AV")) for (to in scopes[1:3]) add(m, groups, list(vtype = v, to = to, add = 0.25))
for (m in c("PAS", "PFT")) for (to in scopes[1:3]) add(m, groups, list(to = to, add = 0.3))
single <- list(xi = c(0, 5, 9), ti = c(10.5, 17, 9))
for (m in c("IR", "IRLN", "IRS", "IRFT")) for (to in scopes[1:3]) add(m, single, list(to = to, add = 0.3))
two <- list(x1i = c(0, 5, 0), t1i = c(10.5, 17, 9), x2i = c(3, 4, 0), t2i = c(9, 12, 11))
for (m in c("IRR", "IRD")) for (to in scopes) for (d in c(FALSE, TRUE)) add(m, two, list(to = to, drop00 = d))
for (to in scopes) add("IRSD", two, list(to = to, add = 0.5))
pairs <- list(ai = c(5, 0, 0, 9, 20), bi = c(3, 0, 0, 0, 7), ci = c(2, 0, 1, 0, 11), di = c(8, 6, 9, 0, 2))
for (m in c("MPRD", "MPRR", "MPOR", "MPORC", "MPPETO")) for (to in scopes) for (d in c(FALSE, TRUE)) add(m, pairs, list(to = to, drop00 = d))
margins <- list(ai = c(12, 30, 7), bi = c(30, 12, 14), ci = c(18, 20, 5), di = c(24, 22, 16), ri = c(0.3, -0.2, 0.1))
add("MPORM", margins, list())

source <- sprintf("{\"tool\":\"metafor\",\"version\":\"%s\",\"script\":\"escalc_counts.R\",\"digits\":17}", packageVersion("metafor"))
writeLines(paste0("{\"source\":", source, ",\n\"escalc\":[\n", paste(entries, collapse = ",\n"), "\n]}"), "escalc_counts_metafor_3_8.json")

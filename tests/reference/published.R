# Printed values of published worked examples; sourced by generate.R.
# quantity names: tau2, tau, se_tau2, mu, se, stat, ci_lb, ci_ub, Q, I2, H2, pi_lb, pi_ub,
# qp_tau2_lb, qp_tau2_ub, qp_I2_lb, qp_I2_ub; scale "analysis" or "natural".

published <- list()
# rows: method, quantity, printed, optional scale and note
publish <- function(set, source, doi, where, ...) {
  s <- set_named(set)
  values <- lapply(list(...), function(r) {
    f <- fit_tight(s, method = r[1], test = "z")
    scale <- if (length(r) >= 4 && nzchar(r[4])) r[4] else "analysis"
    note <- if (length(r) >= 5) r[5] else NA_character_
    q <- r[2]
    p <- if (scale == "natural") natural(f, s) else predict(f)
    v <- switch(q, tau2 = f$tau2, tau = sqrt(f$tau2), se_tau2 = f$se.tau2, se = f$se, stat = f$zval, Q = f$QE, I2 = f$I2, H2 = f$H2,
      mu = p$pred, ci_lb = p$ci.lb, ci_ub = p$ci.ub, pi_lb = p$pi.lb, pi_ub = p$pi.ub, {
        k <- sub("qp_", "", q); stopifnot(k != q); qprofile(s, 95)[[k]] })
    list(method = r[1], quantity = q, printed = r[3], scale = scale, note = note, metafor = as.numeric(v))
  })
  published[[length(published) + 1]] <<- list(name = set, source = source, doi = doi, where = where, measure = s$measure,
    yi = I(s$yi), vi = I(s$vi), values = values)
}
trio <- function(method, tau2, mu, se, tau = "tau2") list(c(method, tau, tau2), c(method, "mu", mu), c(method, "se", se))
flat <- function(...) do.call(c, list(...))
pub <- function(set, source, doi, where, rows) do.call(publish, c(list(set, source, doi, where), rows))

pub("bcg_RR", "Viechtbauer 2010, J Stat Softw 36(3)", "10.18637/jss.v036.i03", "random-effects model of the BCG data", list(
  c("REML", "tau2", "0.3132"), c("REML", "se_tau2", "0.1664"), c("REML", "mu", "-0.7145"), c("REML", "se", "0.1798"), c("REML", "stat", "-3.9744"),
  c("REML", "ci_lb", "-1.0669"), c("REML", "ci_ub", "-0.3622"), c("REML", "Q", "152.2330"), c("REML", "I2", "92.22"), c("REML", "H2", "12.86"),
  c("REML", "qp_tau2_lb", "0.1197"), c("REML", "qp_tau2_ub", "1.1115"), c("REML", "qp_I2_lb", "81.92"), c("REML", "qp_I2_ub", "97.68"),
  c("REML", "mu", "0.4894", "natural"), c("REML", "ci_lb", "0.3441", "natural"), c("REML", "ci_ub", "0.6962", "natural"),
  c("REML", "pi_lb", "0.1546", "natural"), c("REML", "pi_ub", "1.5490", "natural")))
pub("colditz1994_OR", "van Houwelingen, Arends & Stijnen 2002, Stat Med 21:589-624", "10.1002/sim.1040", "section on the univariate likelihood", list(
  c("ML", "tau2", "0.302"), c("ML", "mu", "0.476", "natural"), c("ML", "ci_lb", "0.336", "natural"), c("ML", "ci_ub", "0.675", "natural")))
pub("raudenbush1985_SMD", "Raudenbush 2009, in: Handbook of Research Synthesis and Meta-Analysis, ch. 16", NA_character_, "tables 16.2 and 16.3", flat(
  list(c("EE", "mu", "0.060"), c("EE", "Q", "35.83")), trio("ML", "0.0126", "0.0777", "0.0475"), trio("REML", "0.0188", "0.0837", "0.0516"),
  trio("DL", "0.0259", "0.0893", "0.0558"), trio("HE", "0.0804", "0.1143", "0.0792")))
pub("normand1999_pooled_sd_MD", "Normand 1999, Stat Med 18:321-359", "10.1002/(SICI)1097-0258(19990215)18:3<321::AID-SIM28>3.0.CO;2-P", "table IX, pooled standard deviations", list(
  c("EE", "mu", "-3.49"), c("EE", "ci_lb", "-5.03"), c("EE", "ci_ub", "-1.96"),
  c("DL", "tau2", "218.72"), c("DL", "mu", "-14.10"), c("DL", "ci_lb", "-24.45"), c("DL", "ci_ub", "-3.75"),
  c("REML", "tau2", "685.20"), c("REML", "mu", "-15.12"), c("REML", "ci_lb", "-32.67"), c("REML", "ci_ub", "2.43")))
pub("clasp_OR", "DerSimonian & Kacker 2007, Contemp Clin Trials 28:105-114", "10.1016/j.cct.2006.04.004", "CLASP example; tau, mu, se per estimator (CA = Hedges)", flat(
  trio("PM", "0.3681", "-0.3811", "0.2060", "tau"), trio("HE", "0.4410", "-0.4035", "0.2327", "tau"), trio("DL", "0.2323", "-0.3240", "0.1540", "tau"),
  trio("REML", "0.1843", "-0.2980", "0.1343", "tau"), trio("HS", "0.1330", "-0.2666", "0.1125", "tau"), trio("SJ", "0.4572", "-0.4079", "0.2386", "tau")))
pub("viechtbauer2005_GEN", "Viechtbauer 2005, J Educ Behav Stat 30:261-293", "10.3102/10769986030003261", "p. 271", list(
  c("HS", "tau2", "0.2282"), c("HE", "tau2", "0.1484"), c("DL", "tau2", "0.2768"), c("ML", "tau2", "0.1967"), c("REML", "tau2", "0.2232"),
  c("PM", "tau2", "0.1920", "analysis", "printed as the empirical Bayes estimate, the same equation"), c("SJ", "tau2", "0.1992")))
pub("collins1985b_OR", "Viechtbauer 2007, Stat Med 26:37-52", "10.1002/sim.2514", "table II; pre-eclampsia, diuretics", list(
  c("DL", "tau2", "0.23"), c("ML", "tau2", "0.24"), c("REML", "tau2", "0.30"), c("SJ", "tau2", "0.46"), c("DL", "qp_tau2_lb", "0.07"), c("DL", "qp_tau2_ub", "2.20")))
pub("lipsey2001_GEN", "Lipsey & Wilson 2001, Practical Meta-Analysis", NA_character_, "exhibit 7.3", list(
  c("EE", "mu", "0.1549"), c("EE", "se", "0.0609"), c("EE", "Q", "14.7640"), c("DL", "mu", "0.1534"), c("DL", "se", "0.0858"), c("DL", "tau2", "0.0260")))
pub("lee2004_OR", "Henmi & Copas 2010, Stat Med 29:2969-2983", "10.1002/sim.4029", "acupoint P6 stimulation example", list(
  c("DL", "tau2", "0.333"), c("DL", "mu", "-0.679"), c("DL", "ci_lb", "-1.066"), c("DL", "ci_ub", "-0.291")))
pub("linde2005_RR", "Viechtbauer 2007, Z Psychol 215:104-121", "10.1027/0044-3409.215.2.104", "St John's wort example", list(
  c("DL", "tau2", "0.091", "analysis", "the article rounds up: 0.0903 from the data"), c("EE", "mu", "1.39", "natural", "1.384 from the data"),
  c("EE", "Q", "55.54", "analysis", "misprint: 51.5454 from the data")))
pub("hackshaw1998_OR", "Hackshaw 1998, Stat Methods Med Res 7:119-136", "10.1177/096228029800700203", "lung cancer and passive smoking", list(
  c("DL", "mu", "1.24", "natural"), c("DL", "ci_lb", "1.13", "natural"), c("DL", "ci_ub", "1.36", "natural")))
pub("molloy2014_ZCOR", "Molloy, O'Carroll & Ferguson 2014, Ann Behav Med 47:92-101", "10.1007/s12160-013-9524-4", "conscientiousness and medication adherence", list(
  c("REML", "mu", "0.15", "natural"), c("REML", "ci_lb", "0.09", "natural"), c("REML", "ci_ub", "0.21", "natural"), c("REML", "I2", "62", "analysis")))

write_json("published.json",
  c(tool, list(call = "as in metafor_pool.json, test = 'z'", digits = "printed: the string in the publication; metafor: 17 significant digits from these yi, vi",
               note = "a printed value with d decimals must be met within half a unit of its last decimal, unless a note says the print is wrong")),
  list(cases = published))

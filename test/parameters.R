# parameters.R - what R scripts give to names by values that are written out; a judge of what rr reads.
# Arguments: files. Prints a line for each: JSON, or "refused". The files are parsed, not run.

quote_json <- function(text) {
  points <- utf8ToInt(enc2utf8(text))
  units <- unlist(lapply(points, function(p) if (p > 0xffff) c(0xd800 + (p - 0x10000) %/% 0x400, 0xdc00 + (p - 0x10000) %% 0x400) else p))
  paste0('"', paste(sprintf("\\u%04x", as.integer(units)), collapse = ""), '"')
}

is_literal <- function(e) {
  if (is.numeric(e) || is.character(e) || is.logical(e) || is.null(e)) return(TRUE)
  if (is.name(e)) return(as.character(e) %in% c("Inf", "NaN", "NA"))
  if (!is.call(e) || !is.name(e[[1]])) return(FALSE)
  f <- as.character(e[[1]])
  if (f %in% c("-", "+") && length(e) == 2) return(is.numeric(e[[2]]) || identical(e[[2]], as.name("Inf")))
  f %in% c("c", "list") && all(vapply(as.list(e)[-1], function(one) is_literal(one), TRUE))
}

dump_scalar <- function(v) {
  if (is.character(v)) return(paste0('["string",', quote_json(v), "]"))
  if (is.logical(v)) return(paste0('["boolean",', if (is.na(v)) "null" else if (v) "true" else "false", "]"))
  if (is.integer(v)) return(sprintf('["integer","%d"]', v))
  text <- if (is.nan(v)) "nan" else if (is.infinite(v)) (if (v > 0) "inf" else "-inf") else sprintf("%.17g", v)
  paste0('["float","', text, '"]')
}

dump <- function(v) {
  if (is.null(v)) return('["null",""]')
  if (!is.list(v) && length(v) == 1 && is.null(names(v))) return(dump_scalar(v))
  items <- vapply(seq_along(v), function(i) dump(if (is.list(v)) v[[i]] else unname(v[i])), "")
  if (is.null(names(v)) || length(v) == 0) return(paste0('["list",[', paste(items, collapse = ","), "]]"))
  paste0('["mapping",[', paste0("[", vapply(names(v), quote_json, ""), ",", items, "]", collapse = ","), "]]")
}

read_values <- function(file) {
  values <- list()
  for (e in as.list(parse(file, keep.source = FALSE))) {
    if (!is.call(e) || !(as.character(e[[1]])[1] %in% c("<-", "=")) || !is.name(e[[2]])) next
    name <- as.character(e[[2]])
    values[[name]] <- if (is_literal(e[[3]])) dump(eval(e[[3]])) else '["unreadable",""]'
  }
  if (length(values) == 0) return('["mapping",[]]')
  paste0('["mapping",[', paste0("[", vapply(names(values), quote_json, ""), ",", unlist(values), "]", collapse = ","), "]]")
}

for (file in commandArgs(TRUE)) cat(tryCatch(suppressWarnings(read_values(file)), error = function(error) "refused"), "\n", sep = "")

# cleanroom.awk - the commands of README.txt and what it shows of their output, for cleanroom-inside.sh.
#
# Lines of "install COMMAND" and "clone COMMAND", in a clone; "example COMMAND", in its docs/example; "study COMMAND",
# in the study of section 2; "back" and "change", where the text says that data.txt is as before, or changed again;
# "fetches COMMAND": needs a network; "show LINE": the command before prints it. A line that ends in "\" goes on in
# the next one.

function put(where, line) {
  if (where == "show" && (last ~ /^rr (show|list)/ || line == "")) return # software and times differ
  print where " " line
  if (where != "show") last = line
}

/^[1-9][0-9]*\. / { section = $1 + 0; isTable = 0; last = "" }
section <= 2 && held != "" { sub(/^  /, ""); $0 = held $0; held = "" }
section <= 2 && /\\$/ { held = substr($0, 1, length($0) - 1); next }

section == 1 && /^  \(cd/ { sub(/^  /, ""); gsub(/  +/, " "); put("clone", $0); next }
section == 1 && /^  make test$/ { print "fetches make test"; next }
section == 1 && /Then, in docs\/example,/ { isQuoting = 1 }
section == 1 && /^$/ { isQuoting = 0 }
isQuoting {
  text = $0
  while (match(text, /"[^"]*"/)) {
    put("example", substr(text, RSTART + 1, RLENGTH - 2))
    text = substr(text, RSTART + RLENGTH)
  }
}
/^More, where/ { isTable = 1 }
/^The same folder before data\.txt was changed\./ { print "back" }
/after data\.txt was changed:$/ { print "change" }
section >= 2 && section <= 4 && !isTable && /^  \$ / { put("study", substr($0, 5)); next }
section >= 2 && section <= 4 && !isTable && /^  / && last != "" { put("show", substr($0, 3)); next }
/^[^ ]/ { last = "" }
section == 9 && /^  cp rr\.js / { print "install " substr($0, 3) }

# completion.sh - what the newest records of a project name: "NAME<tab>WHAT IT IS" a line. POSIX sh.
# $1: runs, labels, tags or notes. $2: what is typed of it. $3: the project; '': found upward.
LC_ALL=C
export LC_ALL
unset CDPATH QUOTING_STYLE
folder=${3:-$(pwd -P 2>/dev/null)}
until [ -n "$3" ] || [ -e "$folder/provenance/rerun.sh" ] || [ -e "$folder/provenance/runs" ]; do
	[ -n "$folder" ] || exit 0
	folder=${folder%/*}
done
cd -- "$folder/provenance" 2>/dev/null || exit 0

# newest FOLDER BEGINNING: names of its 200 newest records whose ids begin so
newest() {
	# shellcheck disable=SC2012
	ls -r "$1"/????-?? 2>/dev/null |
		sed -n "s,^\(\([0-9]\{4\}\)\([0-9][0-9]\)[0-9][0-9]T[0-9]\{6\}Z-[a-z2-7]\{6\}\)\.rec\$,$1/\2-\3/\1.rec,p" |
		grep "^$1/[^/]*/$2" | head -n 200
}
case $2 in
*[!0-9TZa-z-]* | [!0-9]*) typed= ;;
*) typed=$2 ;;
esac
files=
# A pipe would be waited for without end.
for file in $(newest notes '') $(newest runs '') ${typed:+$(newest runs "$typed")}; do
	[ -f "$file" ] && [ -r "$file" ] && files="$files $file"
done

# The facts that are wanted stand at the top of a record, which may be long.
# shellcheck disable=SC2086
head -n 40 /dev/null $files 2>/dev/null | awk -v what="$1" -v typed="$typed" '
# A text of a record; "" for one that cannot be typed or would give orders to the terminal.
function decode(text,  shown, at, code, rest) {
	shown = ""
	if (text ~ /%[01][0-9A-F]|%7F|[\001-\037\177]/) return ""
	while ((at = index(text, "%")) > 0) {
		code = 16 * (index(hex, substr(text, at + 1, 1)) - 1) + index(hex, substr(text, at + 2, 1)) - 1
		if (code < 32) return ""
		shown = shown substr(text, 1, at - 1) sprintf("%c", code)
		text = substr(text, at + 3)
	}
	shown = shown text
	if (shown ~ /\302[\200-\237]|\342\200[\216\217\252-\256]|\342\201[\246-\251]|\330\234/) return ""
	rest = shown
	gsub(/[\302-\337][\200-\277]|[\340-\357][\200-\277][\200-\277]|[\360-\364][\200-\277][\200-\277][\200-\277]/, "", rest)
	return rest ~ /[\200-\377]/ ? "" : shown
}
function offer(name, about) {
	if (name == "" || name in seen) return
	seen[name] = 1
	if (length(about) > 60) {
		about = substr(about, 1, 57)
		sub(/[\300-\377][\200-\277]*$/, "", about)
		about = about "..."
	}
	print name "\t" about
}
BEGIN { hex = "0123456789ABCDEF"; count = 0; noteCount = 0 }
/^==> .* <==$/ {
	isNote = $2 ~ /^notes/
	id = substr($2, length($2) - 26, 23)
	runs = isNote ? "" : id
	isGone = isNote && id in removed
	if (isNote && !isGone) notes[++noteCount] = id
	next
}
isGone { next }
isNote && /^Run: / { runs = runs " " $2 }
isNote && /^Removes: / { removed[$2] = 1 }
isNote && /^(Label|Outcome|Comment): / { notes[id] = decode(substr($0, index($0, " ") + 1)) }
/^(Label:|Unset: Label$)/ && (what == "runs" || what == "labels") {
	# Of several notes the newest counts, and each before what the record itself says.
	number = split(runs, list, " ")
	for (i = 1; i <= number; i++) {
		if (!(list[i] in labelled) && /^Label/) offer(decode(substr($0, 8)), list[i])
		labelled[list[i]] = 1
	}
}
/^Tag: / && what == "tags" { offer(decode(substr($0, 6)), "") }
!isNote && /^Command: / && what == "runs" && (typed == "" ? count < 10 : index(id, typed) == 1) {
	ids[++count] = id
	commands[count] = decode(substr($0, 10))
}
END {
	if (what == "runs" && id != "") offer("@", "the last run")
	for (i = 1; i <= count; i++) offer(ids[i], commands[i])
	for (i = 1; i <= noteCount && what == "notes"; i++) offer(notes[i], notes[notes[i]])
}'

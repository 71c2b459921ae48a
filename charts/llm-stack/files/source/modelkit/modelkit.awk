# Reads what `kit inspect` prints, which is Go's indented JSON: the depth of a line says what it belongs to. FILTERS
# and OUT are in the environment. Writes to the folder OUT: wanted and others (blobs and their sizes), listing (paths
# to unpack), builds-on (the ModelKit that this one refers to), missed (filters without a match) and has (all
# entries). A filter matches as in kit: a section of the Kitfile, and optionally the name or the path of an entry.

function value(line) {
  sub(/^[^:]*: "?/, "", line)
  sub(/"?,?$/, "", line)
  gsub(/\\u0026/, "\\&", line); gsub(/\\u003c/, "<", line); gsub(/\\u003e/, ">", line); gsub(/\\"/, "\"", line)
  return line
}
function among(item, list,    part, i) {
  for (i = split(list, part, ","); i; i--) if (part[i] == item) return 1
}
function entry(section, depth,    name, path, digest, f, colon, types, names, place) {
  name = is[depth, "name"]; path = is[depth, "path"]; digest = is[depth, "digest"]
  delete is[depth, "name"]; delete is[depth, "path"]; delete is[depth, "digest"]
  if (name path digest == "") return
  if (section == "model" && path ~ /[:@]/) { print path >(out "/builds-on"); place = "." }
  else place = path
  sub("^([.]/+)+", "", place)
  sub("/+$", "", place)
  if (place == "") place = "."
  has = has ", " section (name path == "" ? "" : ":" (name == "" ? path : name))
  if (!count) { asked[digest] = 1; wants[place] }
  for (f = 1; f <= count; f++) {
    colon = index(filter[f], ":")
    types = colon ? substr(filter[f], 1, colon - 1) : filter[f]
    names = colon ? substr(filter[f], colon + 1) : ""
    if (!among(tolower(section), types)) continue
    if (colon && !(name != "" && among(name, names)) && !(path != "" && among(path, names))) continue
    hit[f] = 1
    asked[digest] = 1
    wants[place]
  }
  known[digest] = 1
}
BEGIN {
  out = ENVIRON["OUT"]
  count = split(ENVIRON["FILTERS"], filter, " ")
  printf "" >(out "/wanted"); printf "" >(out "/others"); printf "" >(out "/builds-on"); printf "" >(out "/missed")
  printf "" >(out "/listing")
}
/^  "/ { split($0, part, "\""); top = part[2]; section = "" }
top == "kitfile" {
  match($0, /^ */)
  depth = RLENGTH
  if (depth == 4 && /"/) { split($0, part, "\""); section = part[2]; below = ""; split("", is) }
  if (depth == 6 && /"/) { split($0, part, "\""); below = part[2] }
  if (/^ *"(name|path|digest)": "/) { split($0, part, "\""); is[depth, part[2]] = value($0) }
  if (section == "model" && depth == 4 && /^ *[}]/) { entry("model", 6); seen = 1 }
  if (section == "model" && below == "parts" && depth == 8 && /^ *[}]/) entry("model", 10)
  if (section !~ /^(model|package)$/ && depth == 6 && /^ *[}]/) { entry(section, 8); seen = 1 }
}
top == "manifest" && /^ *"digest": "sha256:/ { blob = value($0); sub(/^sha256:/, "", blob) }
top == "manifest" && /^ *"size": [0-9]/ && blob != "" {
  size = value($0) + 0
  # A blob that the Kitfile does not name is downloaded: the configuration, and layers of old ModelKits.
  if (known["sha256:" blob] && !asked["sha256:" blob]) print blob, size >(out "/others")
  else print blob, size >(out "/wanted")
  blob = ""
}
END {
  for (f = 1; f <= count; f++) if (seen && !hit[f] && !among("kitfile", filter[f])) print filter[f] >(out "/missed")
  print substr(has, 3) >(out "/has")
  for (f = 1; f <= count; f++) if (among("kitfile", filter[f])) wants["Kitfile"]
  if (!count) wants["Kitfile"]
  for (place in wants) print "-\t" place >(out "/listing")
}

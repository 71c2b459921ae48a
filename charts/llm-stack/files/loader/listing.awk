# Reads a list of files, as json.awk or xml.awk prints it, and prints size, sum and path of each, tab-separated. HUB in
# the environment selects the names of the fields; paths are relative to PREFIX. If the list cannot be used, prints ! and
# the reason, and exits with 1.

BEGIN {
  FS = OFS = "\t"
  if (ENVIRON["HUB"] == "modelscope") { list = "Data/Files/"; name = "Path"; bytes = "Size"; sha256 = "Sha256" }
  else if (ENVIRON["HUB"] == "s3") { list = "Contents/"; name = "Key"; bytes = "Size"; tag = "ETag" }
  else { list = "siblings/"; name = "rfilename"; bytes = "size"; sha256 = "lfs/sha256"; git = "blobId" }
}

index($1, list) != 1 { next }

{
  key = item = substr($1, length(list) + 1)
  sub("/.*", "", item)
  sub("[^/]*/", "", key)
  items[item]
}

key == name { n = length(ENVIRON["PREFIX"]); path[item] = substr($2, 1, n) == ENVIRON["PREFIX"] "" ? substr($2, n + 1) : "/" $2 }
key == bytes { size[item] = $2 }
key == sha256 { sum[item] = hex($2, 64) ? "sha256-" $2 : "" }
key == git && hex($2, 40) && !(item in sum) { sum[item] = "git-" $2 }
key == tag {
  gsub(/^"|"$/, "", $2)
  n = index($2, "-")
  if (hex($2, 32)) sum[item] = "md5-" $2
  else if (n == 33 && hex(substr($2, 1, 32), 32) && substr($2, 34) ~ /^[1-9][0-9]*$/ && length($2) < 39) sum[item] = "parts-" $2
  else if (length($2) < 200 && $2 ~ /^[!-~]+$/) sum[item] = "tag-" $2
}
key == "Type" && $2 == "tree" { folder[item] }

END {
  # A store can have an empty object for a folder.
  if (tag) for (item in items) if (path[item] ~ "^$|[^/]/$" && size[item] == "0") folder[item]
  for (item in items) if (!(item in folder)) count[path[item]]++
  for (item in items) {
    if (item in folder) continue
    at = path[item]
    why = ""
    if (size[item] !~ /^(0|[1-9][0-9]*)$/ || length(size[item]) > 15 || sum[item] == "")
      why = "does not return the size and the checksum of " at
    else if (impossible("/" at "/")) why = "returns a file with an invalid name: '" at "'"
    else if (count[at] > 1) why = "returns the file " at " twice"
    else for (up = at; sub("/[^/]*$", "", up);) if (up in count) why = "returns " up " as a file and as a folder"
    if (why != "") { print "!" why; exit 1 }
    print size[item], sum[item], at
  }
}

function hex(text, digits) { return length(text) == digits && text !~ /[^0-9a-f]/ }


function impossible(at,  part, i, n) {
  if (at ~ "//|/[.][.]?/" || index(at, "\\") || at ~ /[\001-\037\177]/ || length(at) > 2000) return 1
  n = split(at, part, "/")
  for (i = 1; i <= n; i++) if (length(part[i]) > 255) return 1
  return 0
}

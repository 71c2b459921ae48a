# Reads the XML of an S3-compatible store, and prints its values as "path tab text": Contents/<n>/Key, Size and ETag, and
# what is outside of Contents. Error stands for an error instead of a list. FROM in the environment is the first n. Exits with 1 if the XML is incomplete.

BEGIN {
  RS = "<"
  n = ENVIRON["FROM"] - 1
  split("lt < gt > amp & quot \" apos '", word, " ")
  for (i = 1; i < 11; i += 2) entity[word[i]] = word[i + 1]
  for (i = 32; i < 127; i++) {
    entity["#" i] = sprintf("%c", i)
    entity[sprintf("#x%X", i)] = entity[sprintf("#x%x", i)] = entity["#" i]
  }
}

{
  end = index($0, ">")
  tag = substr($0, 1, end - 1)
  text = substr($0, end + 1)
  sub(/[ \t\r\n].*/, "", tag)
  if (tag == "Contents") { inside = 1; n++ }
  else if (tag == "/Contents") inside = 0
  else if (tag ~ /^(Key|Size|ETag)$/ && inside) print "Contents/" n "/" tag "\t" plain(text)
  else if (tag ~ /^(IsTruncated|NextContinuationToken|Code|Message|Region)$/ && !inside) {
    gsub(/^[ \t\r\n]+|[ \t\r\n]+$/, "", text)
    print tag "\t" plain(text)
  }
  else if (tag ~ /^\/(ListBucketResult|Error)$/) whole = 1
  else if (tag ~ /^!/) bad = 1
  if (tag == "/Error") print "Error\t"
}

END { exit bad || !whole }


function plain(text,  out, at, name) {
  while (at = index(text, "&")) {
    out = out substr(text, 1, at - 1)
    text = substr(text, at + 1)
    at = index(text, ";")
    name = substr(text, 1, at - 1)
    text = substr(text, at + 1)
    if (name in entity) out = out entity[name]
    else if (name ~ /^#x?0*[0-9A-Fa-f]?$|^#[123][0-9]$/) out = out "//"
    else bad = 1
  }
  out = out text
  gsub(/[\001-\037\177]/, "//", out)
  return out
}

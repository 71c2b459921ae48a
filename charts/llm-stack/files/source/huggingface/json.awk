# Reads JSON and prints, for each text, number and word in it, a line: its path with slashes, a tab, its value. What
# stands in a list is named by its number, from 0: siblings/0/rfilename. Line breaks and tabs stay as JSON writes them,
# \n and \t, and so does a backslash, \\. Ends with 1 where the JSON is not whole.
#
# Any POSIX awk, with LC_ALL=C: bytes and no characters. A quote ends each record, so what stands between two quotes is
# one, and a long list is read in one go, without cutting the rest anew for each item.

BEGIN {
  RS = "\""
  for (byte = 1; byte < 256; byte++) char[byte] = sprintf("%c", byte)
}

inside { text = text $0; if (escapes($0)) text = text "\""; else { inside = 0; known = 1 }; next }

{ structure($0); inside = 1; text = "" }

END { exit !(some && depth == 0) }

# escapes RECORD: whether the quote that ended it belongs to the text, which an odd number of backslashes says.
function escapes(record) {
  match(record, /\\*$/)
  return RLENGTH % 2
}

function structure(record,  i, c) {
  for (i = 1; i <= length(record); i++) {
    c = substr(record, i, 1)
    if (c ~ /[ \t\r\n]/) continue
    if (c ~ /[{[]/) { some = 1; list[++depth] = (c == "["); name[depth] = 0 }
    else if (c == ":") { name[depth] = decoded(text); known = 0 }
    else if (c ~ /[]},]/) {
      put()
      if (c != ",") depth--
      else if (list[depth]) name[depth]++
    }
    else { word = word c; known = 1 }
  }
}

function put(  i, path) {
  if (known) {
    for (i = 1; i <= depth; i++) path = path (i > 1 ? "/" : "") name[i]
    print path "\t" (word != "" ? word : decoded(text))
  }
  known = 0
  word = ""
}

# decoded TEXT: with \u0026 as the bytes of UTF-8, and \/ and \" as what they stand for.
function decoded(text,  out, at, escape, code) {
  while (at = index(text, "\\")) {
    out = out substr(text, 1, at - 1)
    escape = substr(text, at + 1, 1)
    text = substr(text, at + 2)
    if (escape == "u") {
      code = hex(substr(text, 1, 4))
      text = substr(text, 5)
      if (code >= 55296 && code < 56320 && text ~ /^\\u/) {   # the first half of a pair
        code = 65536 + (code - 55296) * 1024 + hex(substr(text, 3, 4)) - 56320
        text = substr(text, 7)
      }
      out = out utf8(code)
    }
    else out = out (escape == "\"" || escape == "/" ? escape : "\\" escape)
  }
  return out text
}

function hex(digits,  i, n) {
  for (i = 1; i <= length(digits); i++) n = n * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
  return n
}

function utf8(code) {
  if (code < 32 || code == 92) return sprintf("\\u%04x", code)
  if (code < 128) return char[code]
  if (code < 2048) return char[192 + int(code / 64)] char[128 + code % 64]
  if (code < 65536) return char[224 + int(code / 4096)] char[128 + int(code / 64) % 64] char[128 + code % 64]
  return char[240 + int(code / 262144)] char[128 + int(code / 4096) % 64] char[128 + int(code / 64) % 64] char[128 + code % 64]
}

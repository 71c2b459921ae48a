# Reads JSON and prints one line for each text, number and word in it: its path, with slashes, a tab, and its value.
# An item of a list is named by its index, from 0: siblings/0/rfilename. Line breaks and tabs stay as in JSON, \n and
# \t, and so does a backslash, \\. A text is cut at 4000 bytes. Exits with 1 if the JSON is incomplete, or nested too
# deeply.




BEGIN {
  RS = "\""
  for (byte = 1; byte < 256; byte++) char[byte] = sprintf("%c", byte)
}

bad { exit }

inside {
  if (size < 4000) text = text substr($0, 1, 4000 - size)
  size += length($0)
  if (escapes($0)) { if (size++ < 4000) text = text "\"" } else { inside = 0; known = 1 }
  next
}

{ pieces($0, 65536); inside = 1; text = ""; size = 0 }

END { exit !(some && depth == 0 && !bad) }


function escapes(record,  end, tail, i, n) {
  for (end = length(record); end > 0; end -= 64) {
    tail = substr(record, end > 64 ? end - 63 : 1, end > 64 ? 64 : end)
    for (i = length(tail); i > 0; i--) {
      if (substr(tail, i, 1) != "\\") return n % 2
      n++
    }
  }
  return n % 2
}

function pieces(record, size,  i) {
  if (size < 300) return structure(record)
  for (i = 1; i <= length(record) && !bad; i += size) pieces(substr(record, i, size), size / 256)
}

function structure(record,  i, c) {
  for (i = 1; i <= length(record) && !bad; i++) {
    c = substr(record, i, 1)
    if (index(" \t\r\n", c)) continue
    if (c == "{" || c == "[") {
      some = 1
      if (depth >= 64) { bad = 1; return }
      list[++depth] = (c == "[")
      name[depth] = 0
    }
    else if (c == ":") { name[depth] = decoded(text); known = 0 }
    else if (c == "," || c == "}" || c == "]") {
      put()
      if (c != ",") { if (--depth < 0) bad = 1 }
      else if (list[depth]) name[depth]++
    }
    else {
      if (length(word) > 100) bad = 1
      word = word c
      known = 1
    }
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

#!/usr/bin/env bash
# A receipt printer in its GB18030 mode prints one column for a sign of one byte and two for a sign of two bytes. Tables of East Asian
# width do not know that: signs that they call one column wide are two bytes in GB18030, so a line laid out by them is too long on paper.
#
#   string-width 8.1.0 (npm): one column each for dashes, quotes, dots, the degree and times signs, Greek and Cyrillic letters.
#   iconv-lite 0.7.0 (npm):   two bytes each in GB18030. Four bytes for letters with most accents, and the printer has no glyph for these.
#
# So count bytes, not columns. Needs node and npm. Exits 1 when one of them behaves otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund string-width@8.1.0 iconv-lite@0.7.0 >/dev/null
cat > try.mjs <<'JS'
import stringWidth from 'string-width';
import iconv from 'iconv-lite';
for (const sign of ['A', '中', '—', '…', '“', '·', '×', '°', 'α', 'Я', '①', 'é', 'ñ']) {
  console.log(`${sign} columns ${stringWidth(sign)} bytes ${iconv.encode(sign, 'gb18030').length}`);
}
JS
node try.mjs | tee seen
cat > expected <<'TEXT'
A columns 1 bytes 1
中 columns 2 bytes 2
— columns 1 bytes 2
… columns 1 bytes 2
“ columns 1 bytes 2
· columns 1 bytes 2
× columns 1 bytes 2
° columns 1 bytes 2
α columns 1 bytes 2
Я columns 1 bytes 2
① columns 1 bytes 2
é columns 1 bytes 2
ñ columns 1 bytes 4
TEXT
diff expected seen >&2 || { echo "the libraries behave otherwise now" >&2; exit 1; }

// Unpacks the packaged Chromium below TMPDIR, with the libraries it needs where the machine has none; prints where it is.
import chromium from "@sparticuz/chromium";

console.log(await chromium.executablePath());

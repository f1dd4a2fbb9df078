// Formulas as a JSON list come in; a list of [index, message] of those that KaTeX does not take goes out.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { default: katex } = await import(pathToFileURL(process.argv[2]).href);
// All that TeX would not take is an error, save what is named on the command line.
const strict = (code) => (process.argv.slice(3).includes(code) ? "ignore" : "error");
const options = { strict, throwOnError: true, trust: true, displayMode: true };
const faults = [];
JSON.parse(readFileSync(0, "utf-8")).forEach((formula, i) => {
    try {
        katex.renderToString(formula, options);
    } catch (error) {
        faults.push([i, error.message]);
    }
});
process.stdout.write(JSON.stringify(faults));

// Reads a JSON object of pages by name, writes what html-validate's recommended rules have against each.
import { readFileSync } from "node:fs";
import { HtmlValidate } from "html-validate";

const validate = new HtmlValidate({
  extends: ["html-validate:recommended"],
  rules: {
    // HTML allows both; ours is the one that people type
    "doctype-style": ["error", { style: "lowercase" }],
    // an anchor holds an arXiv number with its full stop; HTML forbids only white space
    "valid-id": ["error", { relaxed: true }],
    // a search engine cuts a title where it likes; the day stands first, the topics behind it
    "long-title": "off",
  },
});
const found = {};
for (const [name, html] of Object.entries(JSON.parse(readFileSync(0, "utf-8")))) {
  const { results } = await validate.validateString(html);
  const faults = results.flatMap(({ messages }) => messages.map((m) => `${m.line}: ${m.ruleId}: ${m.message}`));
  if (faults.length > 0) found[name] = faults;
}
process.stdout.write(JSON.stringify(found));

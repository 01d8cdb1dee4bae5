// Reads a JSON list of HTML mails, writes for each what three tools have against it:
// caniemail's unsupported features by client, email-comb's unused classes, html-validate's rules.
import { readFileSync } from "node:fs";
import { caniemail } from "caniemail";
import { comb } from "email-comb";
import { HtmlValidate } from "html-validate";

const validate = new HtmlValidate({ extends: ["html-validate:recommended"] });
const found = [];
for (const html of JSON.parse(readFileSync(0, "utf-8"))) {
  const { issues } = caniemail({ clients: ["*"], html });
  const unsupported = [...issues.errors].flatMap(([client, features]) => features.map((f) => [f.title, client]));
  const { deletedFromHead, deletedFromBody } = comb(html);
  const report = await validate.validateString(html);
  const invalid = report.results.flatMap((result) => result.messages.map((m) => [m.ruleId, m.message]));
  found.push({ unsupported, unused: [...deletedFromHead, ...deletedFromBody], invalid });
}
process.stdout.write(JSON.stringify(found));

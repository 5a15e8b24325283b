// Calls Morph's official client as a test asks for. One request and one answer a line, both JSON:
//   {"keys": {"publicKey": …}, "calls": [["connections", {…}], ["resources", "genericContact"], ["list", {"limit": 3}]]}
// is morph(keys).connections({…}).resources("genericContact").list({limit: 3}).
import { createInterface } from "node:readline";
import { Morph } from "@runmorph/cloud";

for await (const line of createInterface({ input: process.stdin })) {
  const { keys, calls } = JSON.parse(line);
  let answer;
  try {
    let value = Morph(keys);
    for (const [name, ...parameters] of calls) value = await value[name](...parameters);
    answer = value === undefined ? { nothing: true } : { value };
  } catch (thrown) {
    answer = { thrown: String(thrown) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}

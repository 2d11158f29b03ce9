async function verifyDraw(text) {
  const file = JSON.parse(text), { terms, closing, drawing, results, leaves, hashes } = file, wrong = [];
  const check = (part, isRight) => isRight || wrong.push(part);
  const bytes = hex => (/^([0-9a-f]{2})+$/.test(hex) ? hex.match(/../g).map(two => parseInt(two, 16)) : []);
  const hex = data => data.map(byte => (256 + byte).toString(16).slice(1)).join("");
  const utf8 = part => [...new TextEncoder().encode(part)], join = parts => Uint8Array.from([].concat(...parts));
  const sha = async (...parts) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", join(parts)))];
  check("file", JSON.stringify(file) === text && file.format === "qunce-draw/1");
  for (const part of ["terms", "closing", "status"]) check(part, hex(await sha(utf8(JSON.stringify(file[part])))) === hashes[part]);
  const seed = bytes(drawing.seed), isDrand = terms.public_value.source === "drand"; check("seed", hex(await sha(seed)) === terms.seed_hash);
  const open = isDrand ? await sha(bytes(drawing.signature)) : utf8(drawing.public_value);
  check("public value", isDrand ? hex(open) === drawing.public_value : drawing.signature === "");
  let level = leaves.map(bytes), next = (left, n) => (2 * n + 1 < level.length ? sha([1], left, level[2 * n + 1]) : left);
  while (level.length > 1) level = await Promise.all(level.filter((node, n) => n % 2 === 0).map(next));
  const isSorted = leaves.every((leaf, n) => /^[0-9a-f]{64}$/.test(leaf) && (n === 0 || leaves[n - 1] < leaf));
  check("leaves", isSorted && leaves.length === closing.tickets && hex(level[0] || await sha([])) === closing.root);
  const value = await sha(bytes(closing.root), seed, open), limit = 2 ** 48 - 2 ** 48 % leaves.length;
  const key = await crypto.subtle.importKey("raw", join([value]), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const draw = async (k, counter) => { const four = [k, counter].map(n => [n >>> 24, n >>> 16, n >>> 8, n]);
    const number = new Uint8Array(await crypto.subtle.sign("HMAC", key, join(four))).slice(0, 6).reduce((sum, byte) => sum * 256 + byte, 0);
    return number < limit ? number % leaves.length : draw(k, counter + 1); };
  const prizes = [].concat(...terms.prizes.map((prize, n) => Array(prize.count).fill(n))), seen = new Set(), won = {};
  let first = 0, isRight = true; check("value", hex(value) === drawing.value);
  for (const [k, { k: place, index, outcome, prize, instead_of: again, secret }] of results.entries()) {
    isRight = isRight && place === k && index === await draw(k, 0) && outcome === (seen.has(index) ? "drawn" : outcome === "won" ? "won" : "person");
    if (outcome === "won") { won[k] = again === null ? prizes[first++] : won[again];
      isRight = isRight && prize === won[k] && hex(await sha([0], bytes(hashes.terms), bytes(secret))) === leaves[index]; }
    seen.add(index); }
  check("results", isRight && first === Math.min(prizes.length, closing.people)); return wrong;
}

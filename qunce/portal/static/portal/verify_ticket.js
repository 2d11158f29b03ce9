async function verifyDraw(text) {
  const file = JSON.parse(text), { terms, ticket, seed } = file, wrong = [];
  const check = (part, isRight) => isRight || wrong.push(part);
  const bytes = hex => Uint8Array.from(/^([0-9a-f]{2})+$/.test(hex) ? hex.match(/../g).map(two => parseInt(two, 16)) : []);
  const hex = data => [...new Uint8Array(data)].map(byte => (256 + byte).toString(16).slice(1)).join("");
  const utf8 = part => new TextEncoder().encode(part), sha = async data => hex(await crypto.subtle.digest("SHA-256", data));
  check("file", JSON.stringify(file) === text && file.format === "qunce-instant/1");
  check("terms", await sha(utf8(JSON.stringify(terms))) === file.terms_hash);
  check("seed", await sha(bytes(seed)) === terms.seeds[ticket.day]);
  check("ticket", /^[0-9a-f]{16}$/.test(ticket.holder) && /^[0-9]{0,12}$/.test(ticket.own_number) && /^[1-9][0-9]*$/.test(ticket.number));
  const key = await crypto.subtle.importKey("raw", bytes(seed), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const limit = 2 ** 48 - 2 ** 48 % 1000000;
  const roll = async counter => {
    const message = [ticket.holder, ticket.number, ticket.own_number, counter].join("/");
    const signed = new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(message))).slice(0, 6);
    const number = signed.reduce((sum, byte) => sum * 256 + byte, 0);
    return number < limit ? number % 1000000 : roll(counter + 1);
  };
  check("roll", ticket.roll === await roll(0));
  let end = 0, drawn = null;
  terms.prizes.forEach((prize, place) => { end += prize.odds; if (drawn === null && ticket.roll < end) drawn = place; });
  check("drawn", end <= 1000000 && ticket.drawn === drawn);
  const isLater = drawn !== null && terms.if_gone === "next" && Number.isInteger(ticket.won) && ticket.won >= drawn && ticket.won < terms.prizes.length;
  check("won", ticket.won === null || ticket.won === drawn || isLater);
  return wrong;
}

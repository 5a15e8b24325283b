// ashby-mcp knows no address but Ashby's own: this sends its calls to ASHBY_BASE_URL, and lets no other out.
const ashby = "https://api.ashbyhq.com/";
const { fetch } = globalThis;

globalThis.fetch = (url, options) => {
  if (!String(url).startsWith(ashby)) throw new Error(`A call to somebody else: ${url}`);
  return fetch(`${process.env.ASHBY_BASE_URL}/${String(url).slice(ashby.length)}`, options);
};

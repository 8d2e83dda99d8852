// Numbers as people read them; what the service did not tell is a dash, not a zero.

const NONE = "–";

export function seconds(value) {
  if (value === null || value === undefined) return NONE;
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

export function rate(value) {
  if (value === null || value === undefined) return NONE;
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

export function count(value) {
  return value === null || value === undefined ? NONE : value.toLocaleString("en");
}

export function usd(value) {
  if (value === null || value === undefined) return NONE;
  if (value === 0) return "$0";
  if (value >= 1) return `$${value.toFixed(2)}`;
  const places = Math.min(10, Math.max(2, 2 - Math.floor(Math.log10(value))));
  return `$${value.toFixed(places).replace(/(\.\d\d\d*?)0+$/, "$1")}`;
}

export function tokens(value) {
  if (!value) return "";
  if (value >= 1e6) return `${+(value / 1e6).toFixed(1)}M`;
  return value >= 1000 ? `${Math.round(value / 1000)}k` : String(value);
}

// Bytes as a person says them.

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

export function bytes(n) {
  let i = 0;
  for (; n >= 1024 && i < UNITS.length - 1; i++) n /= 1024;
  return `${n.toLocaleString(undefined, { maximumFractionDigits: i === 0 || n >= 100 ? 0 : 1 })} ${UNITS[i]}`;
}

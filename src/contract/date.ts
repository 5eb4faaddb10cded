/** Whether the text is a day of the calendar, as in `2027-03-01` (RFC 3339 full-date). */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  // Where the parser takes 30 February for a day of March, the text does not come back.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

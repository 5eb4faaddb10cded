/** Who holds a port, as far as this user may see it. Pure. */
export interface Holder {
  /** Absent when the process belongs to another user. */
  readonly pid?: number | undefined;
  readonly command?: string | undefined;
  readonly cwd?: string | undefined;
}

/** "node server.js (pid 12, in /home/me/shop)". */
export function describeHolder(holder: Holder | undefined): string {
  if (holder?.pid === undefined) return 'a process that this user cannot see';
  const place = holder.cwd === undefined ? '' : `, in ${holder.cwd}`;
  return `${holder.command ?? 'a process'} (pid ${holder.pid}${place})`;
}

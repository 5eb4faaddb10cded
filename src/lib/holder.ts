/** Who holds a port, as far as this user may see it. Pure. */
export interface Holder {
  /** Absent when the process belongs to another user. */
  readonly pid?: number | undefined;
  readonly command?: string | undefined;
  readonly cwd?: string | undefined;
}

/** The relation of a process to stacks: part of one that runs, or left over from one whose runner is gone. */
export type Belonging = 'live' | 'left';

/** Says what to type to end the process that holds a port; undefined where a person has to find that out. */
export function howToEnd(
  number: number,
  { pid, belonging }: Holder & { readonly belonging?: Belonging | undefined },
): string | undefined {
  if (belonging === 'left') return 'portramp clean';
  if (belonging === 'live') return `portramp stop --port ${number}`;
  return pid === undefined ? undefined : `kill ${pid}`;
}

const BELONGINGS: Readonly<Record<Belonging, string>> = {
  live: ', which is of a stack that runs',
  left: ', which a crash has left behind',
};

/** Says whose a process is, after its name; nothing where that is not written down. */
export const describeBelonging = (belonging: Belonging | undefined): string =>
  belonging === undefined ? '' : BELONGINGS[belonging];

/** "node server.js (pid 12, in /home/me/shop)". */
export function describeHolder(holder: Holder | undefined): string {
  if (holder?.pid === undefined) return 'a process that this user cannot see';
  const place = holder.cwd === undefined ? '' : `, in ${holder.cwd}`;
  return `${holder.command ?? 'a process'} (pid ${holder.pid}${place})`;
}

/** Says that this user may not open a number, and what to type where there is something (ip-sysctl). */
export function describeForbidden(number: number, platform: NodeJS.Platform = process.platform): string {
  const how =
    platform === 'linux' && number < 1_024
      ? `; "sudo sysctl net.ipv4.ip_unprivileged_port_start=${number}" allows it`
      : '';
  return `may not be opened by this user${how}`;
}

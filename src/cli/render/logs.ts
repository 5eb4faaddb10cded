import { color, displayText, print } from '../terminal.ts';

interface Line {
  readonly service: string;
  readonly replica?: number | undefined;
  readonly stream: string;
  readonly text: string;
}

const PALETTE = [color.cyan, color.magenta, color.yellow, color.blue, color.green, color.red];

/** Prints lines with the name of their service in front, each service in a colour of its own. */
export function logPrinter(services: readonly string[]): (line: Line) => void {
  const order = new Map(services.map((name, index) => [name, index]));
  const width = Math.max(0, ...services.map((name) => name.length));
  const remember = (name: string): number => {
    order.set(name, order.size);
    return order.size - 1;
  };
  return ({ service, replica, stream, text }) => {
    const index = order.get(service) ?? remember(service);
    const paint = PALETTE[index % PALETTE.length] ?? color.cyan;
    const shown = displayText(text);
    const name = replica === undefined ? service : `${service}.${replica}`;
    print(
      `${paint(name.padEnd(width))} ${color.dim('│')} ${stream === 'portramp' ? color.dim(shown) : shown}`,
    );
  };
}

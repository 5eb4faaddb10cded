/** Real servers, each of which says on its output what it was asked for: `REQ METHOD TARGET`, a line a request. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Program {
  readonly name: string;
  /** Asks for what it needs; it is left out where this fails. */
  readonly needs: readonly [command: string, ...args: string[]];
  readonly file: string;
  readonly text: (port: number) => string;
  readonly run: readonly [command: string, ...args: string[]];
}

export const PROGRAMS: readonly Program[] = [
  {
    name: 'Node',
    needs: ['node', '--version'],
    file: 'server.cjs',
    text: (port) => `require('http').createServer((req, res) => {
      process.stdout.write('REQ ' + req.method + ' ' + req.url + '\\n');
      req.resume().on('end', () => res.end('ok'));
    }).listen(${port}, '127.0.0.1')`,
    run: ['node', 'server.cjs'],
  },
  {
    name: 'Python http.server',
    needs: ['python3', '--version'],
    file: 'server.py',
    text: (port) => `
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
  protocol_version = 'HTTP/1.1'
  def answer(self):
    sys.stdout.write('REQ %s %s\\n' % (self.command, self.path)); sys.stdout.flush()
    if self.headers.get('transfer-encoding', '').lower() == 'chunked':
      while True:
        size = int(self.rfile.readline().split(b';')[0], 16)
        self.rfile.read(size)
        if size == 0: break
        self.rfile.readline()
      while self.rfile.readline() not in (b'\\r\\n', b''): pass
    else: self.rfile.read(int(self.headers.get('content-length', 0)))
    self.send_response(200); self.send_header('Content-Length', '2'); self.end_headers()
    if self.command != 'HEAD': self.wfile.write(b'ok')
  def __getattr__(self, name):
    if name.startswith('do_'): return self.answer
    raise AttributeError(name)
  def log_message(self, *args): pass
http.server.ThreadingHTTPServer(('127.0.0.1', ${port}), Handler).serve_forever()`,
    run: ['python3', 'server.py'],
  },
  {
    name: 'uvicorn',
    needs: ['/usr/bin/python3', '-c', 'import uvicorn'],
    file: 'app.py',
    text: () => `
import sys
async def app(scope, receive, send):
  if scope['type'] != 'http': return
  sys.stdout.write('REQ %s %s\\n' % (scope['method'], scope['raw_path'].decode('latin1'))); sys.stdout.flush()
  while (await receive()).get('more_body'): pass
  await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'2')]})
  await send({'type': 'http.response.body', 'body': b'ok'})`,
    run: ['/usr/bin/python3', '-m', 'uvicorn', 'app:app', '--log-level', 'critical', '--port', 'PORT'],
  },
  {
    name: 'Go net/http',
    needs: ['go', 'version'],
    file: 'server.go',
    text: (port) => `package main
import ("fmt"; "io"; "net/http")
func main() {
  http.ListenAndServe("127.0.0.1:${port}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
    fmt.Printf("REQ %s %s\\n", r.Method, r.RequestURI)
    io.Copy(io.Discard, r.Body)
    io.WriteString(w, "ok")
  }))
}`,
    run: ['go', 'run', 'server.go'],
  },
  {
    name: 'nginx',
    needs: ['nginx', '-v'],
    file: 'nginx.conf',
    text: (port) => `daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  log_format asked 'REQ $request_method $request_uri'; access_log /dev/stdout asked;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server { listen 127.0.0.1:${port}; location / { return 200 ok; } }
}`,
    // Its log is opened by name, which cannot be done with the socket that a child's output is.
    run: ['sh', '-c', 'nginx -e stderr -p FOLDER -c nginx.conf | cat'],
  },
  {
    name: 'WEBrick',
    needs: ['ruby', '-e', 'require "webrick"'],
    file: 'server.rb',
    text: (port) => `
require 'webrick'
class Servlet < WEBrick::HTTPServlet::AbstractServlet
  def service(req, res)
    $stdout.write("REQ #{req.request_method} #{req.unparsed_uri}\\n"); $stdout.flush
    req.body rescue nil
    res.body = 'ok'
  end
end
server = WEBrick::HTTPServer.new(BindAddress: '127.0.0.1', Port: ${port}, AccessLog: [], Logger: WEBrick::Log.new(File::NULL))
server.mount('/', Servlet)
server.start`,
    run: ['ruby', 'server.rb'],
  },
  {
    name: 'Puma',
    needs: ['puma', '--version'],
    file: 'config.ru',
    text: () => `
run lambda { |env|
  $stdout.write("REQ #{env['REQUEST_METHOD']} #{env['REQUEST_URI']}\\n"); $stdout.flush
  env['rack.input'].read
  [200, { 'content-type' => 'text/plain' }, ['ok']]
}`,
    run: ['puma', '--quiet', '--bind', 'tcp://127.0.0.1:PORT', 'config.ru'],
  },
];

export const isInstalled = ({ needs: [command, ...args] }: Program): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

export interface RunningServer {
  readonly port: number;
  /** `METHOD TARGET` of every request so far. */
  asked(): readonly string[];
  close(): Promise<void>;
}

export async function startServer({ file, text, run }: Program): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), 'portramp-smuggling-'));
  const port = await freePort();
  writeFileSync(join(folder, file), text(port));
  const [command, ...args] = run.map((part) => part.replace('PORT', String(port)).replace('FOLDER', folder));
  // A group of its own: some start the server as their child.
  const child = spawn(command ?? '', args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('latin1')));
  await untilListening(child, port);
  return {
    port,
    asked: () => [...output.matchAll(/^REQ (.*)\n/gm)].map(([, line = '']) => line),
    close: async () => {
      const exited = child.exitCode === null ? once(child, 'exit') : undefined;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' });
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isUp) return;
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

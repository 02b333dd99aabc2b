import { join } from "node:path";

/** Files of a private authority and of one server that it vouches for. */
export interface Certificates {
  /** The authority to trust, for NODE_EXTRA_CA_CERTS. */
  readonly authority: string;
  readonly key: string;
  readonly certificate: string;
}

/** Where `makeCertificates` puts them: known before they are made. */
export function certificatesIn(folder: string): Certificates {
  return {
    authority: join(folder, "authority.pem"),
    key: join(folder, "server.key"),
    certificate: join(folder, "server.pem"),
  };
}

/** An authority of its own and a certificate for the names, both for two days, made by Debian's openssl. */
export async function makeCertificates(folder: string, names: readonly string[]): Promise<Certificates> {
  const made = certificatesIn(folder);
  const own = (name: string) => join(folder, name);
  const fresh = ["-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${names[0]}`];
  await openssl([
    "req",
    "-x509",
    "-days",
    "2",
    ...fresh,
    "-keyout",
    own("authority.key"),
    "-out",
    made.authority,
  ]);
  await openssl(["req", ...fresh, "-keyout", made.key, "-out", own("server.csr")]);
  await Bun.write(own("names"), `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`);
  const signer = ["-CA", made.authority, "-CAkey", own("authority.key"), "-CAcreateserial"];
  const request = ["-in", own("server.csr"), "-extfile", own("names")];
  await openssl(["x509", "-req", "-days", "2", ...signer, ...request, "-out", made.certificate]);
  return made;
}

async function openssl(args: readonly string[]): Promise<void> {
  const child = Bun.spawn(["openssl", ...args], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`openssl: ${said}`);
}

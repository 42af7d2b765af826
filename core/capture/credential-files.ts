/** Files whose purpose is to hold credentials, by the last component of their name; `*` stands for anything. */
export const CREDENTIAL_FILES: readonly string[] = [
  ...[".env", ".env.*", ".netrc", "_netrc", ".pypirc", ".npmrc", ".git-credentials", ".pgpass", ".htpasswd"],
  ...["*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "id_rsa*", "id_dsa*", "id_ecdsa*"],
  ...["id_ed25519*", "credentials", "credentials.json", "secrets.json", "secrets.yaml", "secrets.yml"],
];

const PATTERN = new RegExp(`^(?:${CREDENTIAL_FILES.map(asPattern).join("|")})$`, "i");

function asPattern(glob: string): string {
  return glob.replaceAll(".", "\\.").replaceAll("*", ".*");
}

/** Whether the last component of `path` is such a name. */
export function isCredentialFile(path: string): boolean {
  return PATTERN.test(path.slice(path.lastIndexOf("/") + 1));
}

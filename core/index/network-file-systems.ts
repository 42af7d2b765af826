/** Which file systems are not this machine's own: their caches, locks and clocks are not to be relied on. */

/** Numbers of `statfs` on Linux (include/uapi/linux/magic.h and the file systems' own sources). */
const NETWORK_TYPES: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
  0x65735546, // FUSE: sshfs, s3fs, rclone, gcsfuse
  0x00c36400, // Ceph
  0x5346414f, // AFS
  0x6b414653, // kAFS
  0x73757245, // Coda
  0x01021997, // 9p: a folder of the host of a virtual machine
  0x19830326, // BeeGFS
  0xaad7aaea, // PanFS
  0x564c, // NCP
  0x7461636f, // OCFS2
  0x01161970, // GFS2
  0xbacbacbc, // vmhgfs
  0x786f4256, // vboxsf
]);

/** `type` as statfs gives it; null (not to be had) counts as local, and so does every type outside Linux. */
export function isNetworkFileSystem(type: number | null): boolean {
  return type !== null && process.platform === "linux" && NETWORK_TYPES.has(type >>> 0);
}

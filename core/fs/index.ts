export { appendFiles, renameAside, wholeLinesLength } from "./append-files.js";
export { type KeepTorn, LineAppender } from "./append-lines.js";
export { assertNoLinkBetween, assertNoLinks } from "./contained.js";
export {
  BUILDING_SITE,
  claimDirectory,
  discardPlace,
  discardTree,
  ensureDirectory,
  ensureDirectoryBelow,
  moveDirectory,
  newPlace,
  type Published,
  publishDirectory,
  publishDirectoryLater,
  publishTogether,
  putSign,
  removeDirectory,
  removeFile,
  removeIfEmpty,
  syncDirectory,
  syncFile,
  writeNewFile,
  writeTemporary,
} from "./directories.js";
export {
  entriesIfExists,
  type FileFacts,
  factsIfExists,
  fileSystemType,
  freeSpace,
  isDirectoryMode,
  isFileMode,
  isWritablePath,
  namesIfExists,
  readFactsAndBytes,
} from "./facts.js";
export { errnoOf, fileError } from "./failures.js";
export { copyObject, moveAside } from "./move-aside.js";
export { linkOrMove, moveFile } from "./move-file.js";
export { NewFile } from "./new-file.js";
export { OpenFile, readBeginning } from "./open-file.js";
export { type Interceptor, intercept, type Operation, type OperationName } from "./operations.js";
export { PendingSync } from "./pending-sync.js";
export { makeExecutable } from "./permissions.js";
export {
  assertOwnDirectory,
  ensurePrivateDirectory,
  readSecretFile,
  replacePrivateFile,
} from "./private-files.js";
export {
  copyHashed,
  copyOwnFile,
  type HashedFile,
  hashFile,
  hashPrefix,
  isObjectIntact,
  objectPath,
  type PutResult,
  putObjectFile,
  putObjectFileLater,
  putObjectLink,
  unshareFile,
} from "./put-object.js";
export { randomBelow, randomHex, randomOctets } from "./random.js";
export {
  type Dirent,
  type FileStat,
  followedStatIfExists,
  listDirectory,
  listTrueDirectory,
  readBlocks,
  readBytes,
  readBytesIfExists,
  readOwnBlocks,
  realPathIfExists,
  statIfExists,
} from "./read.js";
export { createFile, replaceFile, type WritePlace } from "./replace-file.js";
export { replaceFileFrom } from "./rewrite-file.js";
export { syncTree } from "./sync-tree.js";
export { isTemporaryName, temporaryName } from "./temporary.js";
export { publishFile, writeStream } from "./write-stream.js";

// The files that the renderer reads. FS is Emscripten's, with Python's files, or has those of its functions that are used.

// The files of an archive in which nothing is packed.
export function unpacked(data) {
  const view = new DataView(data), found = new Map();
  for (let at = 0; view.getUint32(at, true) === 0x04034b50;) {
    const name = view.getUint16(at + 26, true);
    const from = at + 30 + name + view.getUint16(at + 28, true);
    const size = view.getUint32(at + 18, true);
    found.set(new TextDecoder().decode(new Uint8Array(data, at + 30, name)), new Uint8Array(data, from, size));
    at = from + size;
  }
  return found;
}

// Writes such files below a folder of an FS, which takes a fifth of the time that Python's own zipfile takes.
export function written(FS, top, contents) {
  for (const [name, data] of contents) {
    const path = `${top}/${name}`;
    FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    FS.writeFile(path, data);
  }
}

// Such files as an FS, below a folder.
export function kept(top, contents) {
  const folders = new Map([[top, new Set()]]), all = new Map();
  const missing = () => { throw Object.assign(new Error("no such file"), { code: "ENOENT" }); };
  for (const [name, data] of contents) {
    all.set(`${top}/${name}`, data);
    let folder = top;
    for (const step of name.split("/")) {
      folders.get(folder).add(step);
      folder = `${folder}/${step}`;
      if (!all.has(folder) && !folders.has(folder)) folders.set(folder, new Set());
    }
  }
  const stat = (path) => {
    if (folders.has(path)) return { mode: 0o040755, size: 0, ino: 1, mtime: 0 };
    return { mode: 0o100644, size: (all.get(path) ?? missing()).length, ino: 1, mtime: 0 };
  };
  return {
    readdir: (path) => [...(folders.get(path) ?? missing())],
    stat,
    lstat: stat,
    isDir: (mode) => (mode & 0o170000) === 0o040000,
    readFile: (path) => all.get(path) ?? missing(),
  };
}

// All that is below a folder, for the renderer (page.yaml): [path, is a folder, size] in the order of a walk; all contents.
export function tree(FS) {
  return (root) => {
    const names = [], contents = [];
    const walk = (folder) => {
      for (const name of FS.readdir(folder).filter((each) => each !== "." && each !== "..").sort()) {
        const path = `${folder}/${name}`;
        const inner = FS.isDir(FS.stat(path).mode);
        const data = inner ? new Uint8Array() : FS.readFile(path);
        names.push([path, inner, data.length]);
        contents.push(data);
        if (inner) walk(path);
      }
    };
    walk(root);
    const all = new Uint8Array(contents.reduce((sum, each) => sum + each.length, 0));
    let at = 0;
    for (const each of contents) {
      all.set(each, at);
      at += each.length;
    }
    return [JSON.stringify(names), all];
  };
}

// Node's fs, as far as Go reads files with it, on those of Python.
export function files(FS) {
  const open = new Map();
  let last = 100;
  const wrong = (error) => Object.assign(new Error("no such file"), { code: error.errno === 54 ? "ENOTDIR" : "ENOENT" });
  const answered = (make) => (...given) => {
    const done = given.pop();
    let made;
    try {
      made = make(...given);
    } catch (error) {
      done(error.code ? error : wrong(error));
      return;
    }
    done(null, made);
  };
  const stat = (path, follow) => {
    const found = follow ? FS.stat(path) : FS.lstat(path);
    const time = Number(found.mtime);
    return {
      dev: 1, ino: found.ino, mode: found.mode, nlink: 1, uid: 0, gid: 0, rdev: 0, size: found.size, blksize: 4096,
      blocks: Math.ceil(found.size / 512), atimeMs: time, mtimeMs: time, ctimeMs: time, isDirectory: () => FS.isDir(found.mode),
    };
  };
  const only = () => { throw Object.assign(new Error("read-only"), { code: "EROFS" }); };
  const refused = Object.fromEntries(
    ["chmod", "chown", "fchmod", "fchown", "fsync", "ftruncate", "lchown", "link", "mkdir", "readlink", "rename", "rmdir",
      "symlink", "truncate", "unlink", "utimes"].map((name) => [name, answered(only)]),
  );
  return {
    ...refused,
    constants: { O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_TRUNC: 512, O_APPEND: 1024, O_EXCL: 128, O_DIRECTORY: 65536 },
    writeSync: (_, data) => data.length, // what the program prints, nobody reads
    write: answered((_, data) => data.length),
    stat: answered((path) => stat(path, true)),
    lstat: answered((path) => stat(path, false)),
    fstat: answered((number) => stat(open.get(number).path, true)),
    readdir: answered((path) => FS.readdir(path).filter((name) => name !== "." && name !== "..")),
    open: answered((path, flags) => {
      if (flags & 3) only();
      const folder = stat(path, true).isDirectory();
      open.set(++last, { path, data: folder ? new Uint8Array() : FS.readFile(path), at: 0 });
      return last;
    }),
    close: answered((number) => { open.delete(number); }),
    read: answered((number, buffer, offset, length, position) => {
      const file = open.get(number);
      const from = position ?? file.at;
      const found = file.data.subarray(from, from + length);
      buffer.set(found, offset);
      if (position === null || position === undefined) file.at += found.length;
      return found.length;
    }),
  };
}

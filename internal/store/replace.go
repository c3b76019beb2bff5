package store

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace puts what write writes in place of the file called path, or makes
// it with the mode. The file is the old one or the whole new one at any moment, whatever
// happens; when write returns an error, which Replace returns as it is, it
// stays as it was. What is no regular file, such as /dev/null or a pipe, is
// written to directly.
func Replace(path string, mode os.FileMode, write func(io.Writer) error) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // the link itself stays
	}
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return overwrite(path, write)
		}
		mode = info.Mode().Perm()
	}
	// In the same folder, so that renaming replaces in one step.
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		if at, ok := errors.AsType[*fs.PathError](err); ok {
			at.Path = path // that of the temporary file says nothing to whom it is shown
		}
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err = write(f); err == nil {
		_ = f.Chmod(mode) // some file systems have no modes
		err = f.Sync()
	}
	if err = cmp.Or(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func overwrite(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	err = write(f)
	return cmp.Or(err, f.Close())
}

"""A file is written as a whole or not at all, and what stands at its path is treated as a user expects."""

import os
import stat
import threading

import pytest

from autograd.files import check_folder, write_whole


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "file.txt"
    for content in (b"first", b"second, longer", b""):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"is a folder: give the name of a file in it"):
        write_whole(tmp_path, b"")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*missing to write file\.txt into"):
        check_folder(tmp_path / "missing" / "file.txt")


def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")

    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"cannot write .*file\.txt: No space left on device"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_longest_name_that_a_file_may_have_can_be_written(tmp_path):
    write_whole(tmp_path / ("a" * 251 + ".svg"), b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["a" * 251 + ".svg"]


def test_permissions_are_kept_and_new_files_have_the_usual_ones(tmp_path):
    usual, private = tmp_path / "usual", tmp_path / "private"
    usual.touch()
    write_whole(tmp_path / "new", b"content")
    assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode
    private.touch(0o600)
    write_whole(private, b"content")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_what_a_link_points_to_is_replaced_and_a_pipe_is_written_to(tmp_path):
    real, link, pipe = tmp_path / "real", tmp_path / "link", tmp_path / "pipe"
    real.write_bytes(b"old")
    link.symlink_to(real)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"content")
    reader.join()
    assert read == [b"content"]
    assert pipe.is_fifo()


def test_threads_that_write_one_file_never_show_a_part_of_it(tmp_path):
    path = tmp_path / "file"
    contents = [bytes([65 + writer]) * size for writer, size in enumerate((300_000, 60_000, 1_000))]
    write_whole(path, contents[0])
    writers = [
        threading.Thread(target=lambda content=content: [write_whole(path, content) for _ in range(20)])
        for content in contents
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_bytes() in contents
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]

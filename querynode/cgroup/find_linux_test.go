package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const hybrid = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`

func TestFindVersion1(t *testing.T) {
	self := "9:name=systemd:/x\n8:pids:/\n4:memory:/jobs/one\n1:cpu,cpuacct:/jobs\n0::/\n"
	tests := []struct {
		name, info, self, path string
		bases                  []string
	}{
		{"below its own", hybrid, self, Auto, []string{"/sys/fs/cgroup/cpu,cpuacct/jobs", "/sys/fs/cgroup/memory/jobs/one", "/sys/fs/cgroup/pids"}},
		{"below a given one", hybrid, self, "/ayb", []string{"/sys/fs/cgroup/cpu,cpuacct/ayb", "/sys/fs/cgroup/memory/ayb", "/sys/fs/cgroup/pids/ayb"}},
		// A container sees only its part of the tree, under the path of the host.
		{"in a container", "1 2 0:1 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", "4:memory:/docker/ab\n", Auto, []string{"/sys/fs/cgroup/memory"}},
		{"a part of the tree that does not hold us", "1 2 0:1 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", "4:memory:/\n", Auto, nil},
		{"outside of the namespace", hybrid, "4:memory:/../other\n", Auto, nil},
		{"a blank in the path", "1 2 0:1 / /mnt/my\\040groups rw - cgroup cgroup rw,memory\n", "4:memory:/\n", Auto, []string{"/mnt/my groups"}},
		{"none", "31 23 0:28 / /sys rw - sysfs sysfs rw\n", self, Auto, nil},
		{"garbage", "x\n- - -\n1 2 3 4 5 - cgroup\n", "a:b\n", Auto, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var bases []string
			for _, h := range find(test.info, test.self, test.path) {
				if h.v2 || h.home == "" {
					t.Errorf("%+v", h)
				}
				bases = append(bases, h.base)
			}
			if !slices.Equal(bases, test.bases) {
				t.Errorf("got %q, want %q", bases, test.bases)
			}
		})
	}
}

// Version 2 is used when it has the controllers, else version 1.
func TestFindVersion2(t *testing.T) {
	dir := t.TempDir()
	for group, offers := range map[string]string{"service": "cpuset cpu io memory pids\n", "other": "hugetlb\n"} {
		if err := os.Mkdir(filepath.Join(dir, group), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, group, "cgroup.controllers"), []byte(offers), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	info := "41 31 0:38 / " + dir + " rw - cgroup2 cgroup2 rw\n" + hybrid
	got := find(info, "4:memory:/\n0::/service\n", Auto)
	if len(got) != 1 || !got[0].v2 || got[0].base != filepath.Join(dir, "service") || !slices.Equal(got[0].controllers, controllers()) {
		t.Errorf("got %+v", got)
	}
	if got := find(info, "4:memory:/\n0::/other\n", Auto); len(got) != 1 || got[0].v2 {
		t.Errorf("got %+v", got)
	}
}

func TestReport(t *testing.T) {
	for want, r := range map[string]Report{
		"memory + cpu + pids, version 2":          {2, []string{"memory", "cpu", "pids"}},
		"cpu, version 1; without memory and pids": {1, []string{"cpu"}},
	} {
		if r.String() != want {
			t.Errorf("got %q, want %q", r, want)
		}
	}
}

// An unusable hierarchy is reported as Unavailable, with the reason.
func TestUnavailable(t *testing.T) {
	_, err := open(Config{Node: "n"}, []hierarchy{{controllers: []string{"memory"}, base: filepath.Join(t.TempDir(), "none")}})
	u, ok := errors.AsType[*Unavailable](err)
	if !ok || Why(err) != u.Why || u.Cause == nil {
		t.Errorf("got %v", err)
	}
}

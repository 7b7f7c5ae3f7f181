// Reads dashboards as strictly as Grafana's own types do, and prints a line for everything they refuse: fields that a
// dashboard, panel, option, variable or query does not have, values of another type, required fields that are missing.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

func main() {
	runtime := cog.NewRuntime()
	runtime.RegisterPanelcfgVariant(bargauge.VariantConfig())
	runtime.RegisterPanelcfgVariant(stat.VariantConfig())
	runtime.RegisterPanelcfgVariant(timeseries.VariantConfig())
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())
	for _, file := range os.Args[1:] {
		for _, line := range refused(file) {
			fmt.Println(line)
		}
	}
}

func refused(file string) []string {
	raw, err := os.ReadFile(file)
	if err != nil {
		return []string{err.Error()}
	}
	var board dashboard.Dashboard
	var lines []string
	for _, err := range []error{board.UnmarshalJSONStrict(raw), board.Validate()} {
		var found cog.BuildErrors
		if errors.As(err, &found) { // an error that holds none says that all is well
			for _, each := range found {
				lines = append(lines, each.Error())
			}
		} else if err != nil {
			lines = append(lines, err.Error())
		}
	}
	return lines
}

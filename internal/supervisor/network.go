package supervisor

import (
	"context"
	"errors"
	"fmt"
)

// Hostname asks for the machine's name in the home network, without ".local"
// (GET /info).
func (c *Client) Hostname(ctx context.Context) (string, error) {
	const doing = "asking for the machine's name: %w"
	var data struct {
		Hostname string `json:"hostname"`
	}
	if err := c.get(ctx, "/info", &data); err != nil {
		return "", fmt.Errorf(doing, err)
	}
	if data.Hostname == "" {
		return "", fmt.Errorf(doing, errors.New("the Supervisor names none"))
	}
	return data.Hostname, nil
}

// OpenPort asks which port of the machine leads to a port of this app
// (GET /addons/self/info): "8081/tcp". 0: the user has not opened it.
func (c *Client) OpenPort(ctx context.Context, inside string) (int, error) {
	const doing = "asking for the app's ports: %w"
	var data struct {
		Network map[string]*port `json:"network"`
	}
	if err := c.get(ctx, "/addons/self/info", &data); err != nil {
		return 0, fmt.Errorf(doing, err)
	}
	if p := data.Network[inside]; p != nil {
		return int(*p), nil
	}
	return 0, nil
}

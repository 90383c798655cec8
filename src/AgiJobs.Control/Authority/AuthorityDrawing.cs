using System.Globalization;
using System.Text;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Authority;

/// <summary>The matrix as a graph: from keys through Safes, timelocks and contracts that forward to powers. The same state gives the same bytes.</summary>
public sealed class AuthorityDrawing
{
    private const int BoxHeight = 40;
    private const int Gap = 16;
    private const int Between = 120;
    private const int Margin = 20;
    private const int LetterWidth = 8;

    private readonly List<Node> _nodes = [];
    private readonly List<Edge> _edges = [];
    private readonly AuthorityText _text;

    /// <summary>Draws.</summary>
    public AuthorityDrawing(AuthorityText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _text = text;
        foreach (var row in text.Matrix.Rows)
        {
            // From the power back to whoever begins.
            var to = Add($"power:{row.Power.Key()}", row.Power.Words(), "", Shape.Power);
            foreach (var step in AuthorityText.Along(row.Holding.Path))
            {
                if (step.Kind == PathKind.Statement)
                {
                    continue;
                }

                var from = AddAccount(step.Holder);
                Join(from, to, step.DelaySeconds > 0 ? AuthorityText.Delay(step.DelaySeconds) : step.Kind == PathKind.SafeModule ? "module" : "");
                to = from;
            }

            Owners(row.Holding.Path.Base, to, []);
        }

        // The longest way from a beginning says in which column a box stands; powers stand in the last.
        for (var moved = true; moved;)
        {
            moved = false;
            foreach (var edge in _edges.Where(edge => edge.To.Shape != Shape.Power && edge.To.Column <= edge.From.Column && edge.From.Column < _nodes.Count))
            {
                edge.To.Column = edge.From.Column + 1;
                moved = true;
            }
        }

        var last = _nodes.Where(node => node.Shape != Shape.Power).Select(node => node.Column).DefaultIfEmpty(0).Max() + 1;
        foreach (var power in _nodes.Where(node => node.Shape == Shape.Power))
        {
            power.Column = last;
        }
    }

    private enum Shape
    {
        Account,
        Contract,
        Power,
    }

    /// <summary>A Mermaid flow chart.</summary>
    public string ToMermaid()
    {
        var page = new StringBuilder("flowchart LR\n");
        foreach (var node in _nodes)
        {
            var label = Escape(node.Detail.Length == 0 ? node.Label : $"{node.Label}<br/>{node.Detail}");
            page.Append(CultureInfo.InvariantCulture, $"  n{node.Index}{(node.Shape switch { Shape.Power => $"([\"{label}\"])", Shape.Contract => $"[[\"{label}\"]]", _ => $"[\"{label}\"]" })}\n");
        }

        foreach (var edge in _edges)
        {
            page.Append(CultureInfo.InvariantCulture, $"  n{edge.From.Index} -->{(edge.Label.Length > 0 ? $"|\"{Escape(edge.Label)}\"|" : "")} n{edge.To.Index}\n");
        }

        return page.ToString();

        // Quotation marks and hashes have a meaning of their own there.
        static string Escape(string text) => text.Replace("#", "#35;", StringComparison.Ordinal).Replace("\"", "#quot;", StringComparison.Ordinal);
    }

    /// <summary>An SVG picture: a column for each step of the way.</summary>
    public string ToSvg()
    {
        var columns = _nodes.GroupBy(node => node.Column).OrderBy(group => group.Key).Select(group => group.ToList()).ToList();
        var left = Margin;
        var height = columns.Select(column => (2 * Margin) + (column.Count * (BoxHeight + Gap))).DefaultIfEmpty(2 * Margin).Max();
        for (var place = 0; place < columns.Count; place++)
        {
            // Columns between begin at different heights, so that a line that passes one by is not hidden behind its boxes.
            var column = columns[place];
            var free = height - (2 * Margin) - (column.Count * (BoxHeight + Gap));
            var top = Margin + (place == 0 || place == columns.Count - 1 ? free / 2 : free / (place + 2));
            var width = column.Max(node => Math.Max(node.Label.Length, node.Detail.Length) * LetterWidth) + 24;
            for (var row = 0; row < column.Count; row++)
            {
                (column[row].Left, column[row].Top, column[row].Width) = (left, top + (row * (BoxHeight + Gap)), width);
            }

            left += width + Between;
        }

        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{left - Between + Margin}\" height=\"{height}\" font-family=\"monospace\" font-size=\"12\">\n");
        page.Append(CultureInfo.InvariantCulture, $"<title>{Escape($"Authority over {_text.Matrix.State.Protocol.Title}, chain {_text.Matrix.State.ChainId}")}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        foreach (var edge in _edges)
        {
            var (x1, y1, x2, y2) = (edge.From.Left + edge.From.Width, edge.From.Top + (BoxHeight / 2), edge.To.Left, edge.To.Top + (BoxHeight / 2));
            page.Append(CultureInfo.InvariantCulture, $"<path d=\"M{x1},{y1} C{x1 + (Between / 2)},{y1} {x2 - (Between / 2)},{y2} {x2},{y2}\" fill=\"none\" stroke=\"#888888\"/>\n");
            if (edge.Label.Length > 0)
            {
                page.Append(CultureInfo.InvariantCulture, $"<text x=\"{(x1 + x2) / 2}\" y=\"{((y1 + y2) / 2) - 4}\" text-anchor=\"middle\" fill=\"#444444\">{Escape(edge.Label)}</text>\n");
            }
        }

        foreach (var node in _nodes)
        {
            var fill = node.Shape switch { Shape.Power => "#ffe3c7", Shape.Contract => "#dcebff", _ => "#e6f4e6" };
            page.Append(CultureInfo.InvariantCulture, $"<rect x=\"{node.Left}\" y=\"{node.Top}\" width=\"{node.Width}\" height=\"{BoxHeight}\" rx=\"{(node.Shape == Shape.Power ? 18 : 4)}\" fill=\"{fill}\" stroke=\"#444444\"/>\n");
            page.Append(CultureInfo.InvariantCulture, $"<text x=\"{node.Left + 12}\" y=\"{node.Top + (node.Detail.Length == 0 ? 24 : 17)}\" fill=\"#000000\">{Escape(node.Label)}</text>\n");
            if (node.Detail.Length > 0)
            {
                page.Append(CultureInfo.InvariantCulture, $"<text x=\"{node.Left + 12}\" y=\"{node.Top + 33}\" fill=\"#444444\">{Escape(node.Detail)}</text>\n");
            }
        }

        return page.Append("</svg>\n").ToString();

        // Characters that XML 1.0 does not admit at all are left out.
        static string Escape(string text) => string.Concat(text.Where(letter => letter >= ' ' && !char.IsSurrogate(letter) && letter is not ('\uFFFE' or '\uFFFF')))
            .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);
    }

    // The owners of a Safe, to any depth.
    private void Owners(AuthorityPath end, Node to, HashSet<Address> seen)
    {
        if (end.Kind == PathKind.Safe)
        {
            Owners(end.Holder, to, seen);
        }
    }

    private void Owners(Address safe, Node to, HashSet<Address> seen)
    {
        if (!seen.Add(safe) || !_text.Matrix.State.AccountAt(safe).TryGet(out var known) || known is not SafeAccountState state)
        {
            return;
        }

        foreach (var owner in state.Owners)
        {
            var from = AddAccount(owner);
            Join(from, to, "");
            Owners(owner, from, seen);
        }
    }

    private Node AddAccount(Address address)
    {
        var name = _text.Name(address);
        var what = !_text.Matrix.State.AccountAt(address).TryGet(out var known) ? _text.Matrix.State.Protocol.At(address) is null ? "unknown" : "contract" : known switch
        {
            KeyAccount => "key",
            SafeAccountState safe => string.Create(CultureInfo.InvariantCulture, $"Safe {safe.Threshold} of {safe.Owners.Count}"),
            TimelockState timelock => $"timelock {AuthorityText.Delay(timelock.DelaySeconds)}",
            _ => "contract",
        };
        return Add(address.ToString(), name, string.Equals(name, address.ToString(), StringComparison.Ordinal) ? what : $"{what} {address}", known is KeyAccount ? Shape.Account : Shape.Contract);
    }

    private Node Add(string id, string label, string detail, Shape shape)
    {
        if (_nodes.Find(node => string.Equals(node.Id, id, StringComparison.Ordinal)) is { } known)
        {
            return known;
        }

        var node = new Node(_nodes.Count, id, label, detail, shape);
        _nodes.Add(node);
        return node;
    }

    private void Join(Node from, Node to, string label)
    {
        if (from != to && !_edges.Exists(edge => edge.From == from && edge.To == to && string.Equals(edge.Label, label, StringComparison.Ordinal)))
        {
            _edges.Add(new Edge(from, to, label));
        }
    }

    private sealed class Node(int index, string id, string label, string detail, Shape shape)
    {
        public int Index { get; } = index;

        public string Id { get; } = id;

        public string Label { get; } = label;

        public string Detail { get; } = detail;

        public Shape Shape { get; } = shape;

        public int Column { get; set; }

        public int Left { get; set; }

        public int Top { get; set; }

        public int Width { get; set; }
    }

    private sealed record Edge(Node From, Node To, string Label);
}

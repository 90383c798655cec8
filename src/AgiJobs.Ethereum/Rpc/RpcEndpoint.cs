using System.Net.Http.Headers;
using System.Text;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>
/// One node's address. Its text form and everything that is quoted in a message is redacted: user information, path and query may
/// hold an access token, so only scheme, host and port are ever shown.
/// </summary>
public sealed class RpcEndpoint
{
    private readonly string[] _secrets;

    /// <summary>
    /// Takes an absolute <c>http</c>, <c>https</c>, <c>ws</c> or <c>wss</c> URL; user information becomes HTTP basic authentication.
    /// </summary>
    /// <exception cref="EthereumException"><c>rpc-url</c> for anything else.</exception>
    public RpcEndpoint(Uri url, IReadOnlyDictionary<string, string>? headers = null)
    {
        if (url is null || !url.IsAbsoluteUri || url.Scheme is not ("http" or "https" or "ws" or "wss"))
        {
            throw EthereumException.BadInput("rpc-url", "An RPC URL must be absolute and begin with http://, https://, ws:// or wss://.");
        }

        var user = Uri.UnescapeDataString(url.UserInfo);
        Url = user.Length == 0 ? url : new UriBuilder(url) { UserName = "", Password = "" }.Uri;
        Authorization = user.Length == 0
            ? null
            : new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(user)));
        Headers = headers ?? new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var hidden = url.AbsolutePath is not ("" or "/") || url.Query.Length > 0;
        Name = $"{url.Scheme}://{url.Authority}{(hidden ? "/***" : "")}";
        var secrets = SecretsOf(url, user, Headers).Where(part => part.Length >= 6).Distinct(StringComparer.Ordinal);
        _secrets = [.. secrets.OrderByDescending(part => part.Length)];
    }

    /// <summary>Reads a URL that a person or a configuration file wrote.</summary>
    /// <exception cref="EthereumException">
    /// <c>rpc-url</c> when it is not one; the text itself is not repeated, since it may hold a token.
    /// </exception>
    public static RpcEndpoint Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url)
            ? new RpcEndpoint(url)
            : throw EthereumException.BadInput(
                "rpc-url", "An RPC URL must be absolute, as in http://127.0.0.1:8545 or wss://node.example.");

    /// <summary>The address without user information.</summary>
    internal Uri Url { get; }

    internal AuthenticationHeaderValue? Authorization { get; }

    internal IReadOnlyDictionary<string, string> Headers { get; }

    internal bool IsWebSocket => Url.Scheme is "ws" or "wss";

    /// <summary>Scheme, host and port; <c>/***</c> stands for a path or query that is not shown.</summary>
    public string Name { get; }

    /// <summary>The redacted name.</summary>
    public override string ToString() => Name;

    /// <summary>Text of a node with every part of the URL and headers that may be secret replaced.</summary>
    internal string Scrub(string text)
    {
        foreach (var secret in _secrets)
        {
            text = text.Replace(secret, "***", StringComparison.OrdinalIgnoreCase);
        }

        return text;
    }

    private static IEnumerable<string> SecretsOf(Uri url, string user, IReadOnlyDictionary<string, string> headers)
    {
        yield return user;
        foreach (var part in user.Split(':'))
        {
            yield return part;
        }

        foreach (var part in url.AbsolutePath.Split('/'))
        {
            yield return part;
            yield return Uri.UnescapeDataString(part);
        }

        foreach (var part in url.Query.TrimStart('?').Split('&'))
        {
            var value = part[(part.IndexOf('=', StringComparison.Ordinal) + 1)..];
            yield return value;
            yield return Uri.UnescapeDataString(value);
        }

        foreach (var value in headers.Values)
        {
            yield return value;
            foreach (var word in value.Split(' '))
            {
                yield return word;
            }
        }
    }
}

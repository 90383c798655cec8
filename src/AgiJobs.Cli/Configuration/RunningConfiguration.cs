using System.Text.Json;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Configuration;

/// <summary>What a running <c>serve</c> says that it was started with (<c>/configz</c>).</summary>
/// <param name="Network">The network that it serves.</param>
/// <param name="ChainId">Its chain.</param>
/// <param name="Roles">What it does.</param>
/// <param name="Digest">The digest of the settings, as they were told.</param>
/// <param name="Settings">The settings.</param>
internal sealed record RunningConfiguration(string Network, ulong ChainId, string Roles, Bytes32 Digest, IReadOnlyDictionary<string, string> Settings)
{
    private const int Largest = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Asks; unknown, with the reason, when nothing answers there, or something else does.</summary>
    public static async Task<Reading<RunningConfiguration>> AskAsync(Uri address, CancellationToken cancellation)
    {
        var asked = new Uri(address, "/configz");
        try
        {
            using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Patience, MaxResponseContentBufferSize = Largest };
            using var response = await http.GetAsync(asked, cancellation).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                return Reading.Unknown<RunningConfiguration>($"{asked} answers {(int)response.StatusCode}");
            }

            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false));
            var root = document.RootElement;
            var settings = root.GetProperty("settings").EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetString() ?? throw new FormatException("a setting is null"), StringComparer.Ordinal);
            var digest = ServiceSettings.DigestOf(settings);
            return string.Equals(root.GetProperty("digest").GetString(), digest.ToString(), StringComparison.Ordinal)
                ? Reading.Known(new RunningConfiguration(root.GetProperty("network").GetString()!, root.GetProperty("chainId").GetUInt64(), root.GetProperty("roles").GetString()!, digest, settings))
                : Reading.Unknown<RunningConfiguration>($"{asked} tells settings that its digest is not of");
        }
        catch (Exception problem) when (problem is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException || (problem is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return Reading.Unknown<RunningConfiguration>(problem is OperationCanceledException ? $"{asked} does not answer within {Patience.TotalSeconds:0} s"
                : problem is HttpRequestException ? $"{asked}: {problem.Message}"
                : $"{asked} answers something else: {problem.Message}");
        }
    }
}

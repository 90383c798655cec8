using System.Globalization;
using System.Text.Json;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Detectors;

/// <summary>
/// What is known of changes to the rules otherwise than by applying them: so that what happens again is told again, under an identity of its own, and what is over is resolved. A document of the state, written with what the
/// findings lead to.
/// </summary>
/// <param name="store">The state.</param>
/// <param name="network">The network.</param>
/// <param name="place">The machine that looks: the files on its disk are its own.</param>
public sealed class RuleTamperingRecord(IStateStore store, string network, string place)
{
    private const string OnDisk = "on disk";

    private string Collection => $"response/{network}/rules/tampering";

    /// <summary>What is to be told of what was seen now, and what is written with it. The same again, before that is written, comes to the same.</summary>
    /// <param name="seen">What <see cref="RuleTampering.Find"/> found; nothing when all is well.</param>
    /// <param name="source">Who looks: <c>monitor NAME</c>.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>.</exception>
    public async Task<(IReadOnlyList<Finding> Findings, IReadOnlyList<DocumentWrite> Writes)> AfterAsync(IReadOnlyList<Finding> seen, string source, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(seen);
        var findings = new List<Finding>();
        var writes = new List<DocumentWrite>();
        foreach (var subject in RuleTampering.Subjects)
        {
            var key = string.Equals(subject, OnDisk, StringComparison.Ordinal) ? $"{subject}/{place}" : subject;
            var document = await store.GetAsync(Collection, key, cancellation).ConfigureAwait(false);
            var before = document?.Read(DetectorJson.Default.TamperingState) ?? new TamperingState { Times = 0 };
            var now = seen.FirstOrDefault(finding => string.Equals(finding.Subject, subject, StringComparison.Ordinal));
            if (string.Equals(now?.Id, before.Seen, StringComparison.Ordinal))
            {
                continue;
            }

            var after = before with { Seen = null, Told = null };
            if (now is not null)
            {
                var id = FindingIdentity.Of(now.Id, (before.Times + 1).ToString(CultureInfo.InvariantCulture));
                after = new TamperingState { Times = before.Times + 1, Seen = now.Id, Told = id };
                findings.Add(now with { Id = id });
            }
            else
            {
                findings.Add(new Finding
                {
                    Id = FindingIdentity.Of(before.Told!, "resolved"),
                    Fingerprint = FindingIdentity.Fingerprint(network, RuleTampering.RuleName, subject),
                    Kind = FindingKind.Resolved,
                    Rule = RuleTampering.RuleName,
                    Source = source,
                    Network = network,
                    Severity = Severity.Sev3,
                    Title = string.Equals(subject, OnDisk, StringComparison.Ordinal) ? "The monitoring rules on the disk are those in force again" : "The monitoring rules in force are those that were applied, and the audit log vouches for them",
                    Subject = subject,
                });
            }

            writes.Add(new DocumentWrite(Collection, key, JsonSerializer.Serialize(after, DetectorJson.Default.TamperingState), document?.Version ?? 0));
        }

        return (findings, writes);
    }
}

/// <summary>How it stands with one subject.</summary>
internal sealed record TamperingState
{
    /// <summary>How often something was seen so far.</summary>
    public required long Times { get; init; }

    /// <summary>The identity of what is seen now; null when all is well.</summary>
    public string? Seen { get; init; }

    /// <summary>The identity under which it was told; null when all is well.</summary>
    public string? Told { get; init; }
}

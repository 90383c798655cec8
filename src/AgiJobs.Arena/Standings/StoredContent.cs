using System.Text.Json;
using AgiJobs.Arena.Gateway;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Standings;

/// <summary>What the gateway of a network took. Safe for use by several threads.</summary>
public sealed class StoredContent(IStateStore store, string network) : IRoundContent
{
    /// <inheritdoc/>
    public Task<string?> TaskAsync(long round, Address teacher, Bytes32 digest, CancellationToken cancellation) => FindAsync(Submissions.TasksOf(network), round, teacher, digest, cancellation);

    /// <inheritdoc/>
    public Task<string?> AnswerAsync(long round, Address student, Bytes32 digest, CancellationToken cancellation) => FindAsync(Submissions.AnswersOf(network), round, student, digest, cancellation);

    private async Task<string?> FindAsync(string collection, long round, Address author, Bytes32 digest, CancellationToken cancellation)
    {
        if (await store.GetAsync(collection, Submissions.Key(round, author), cancellation).ConfigureAwait(false) is not { } document)
        {
            return null;
        }

        var content = JsonSerializer.Deserialize(document.Data, GatewayJson.Default.ContentRecord)!;
        return string.Equals(content.Hash, digest.ToString(), StringComparison.Ordinal) ? content.Text : null;
    }
}

using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Tests.Orchestration;
using AgiJobs.Control.Feed;
using AgiJobs.Control.Workspaces;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Alerts;

public sealed class AlertDeliveryTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agijobs-test-");
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 11, 20, 8, 0, 0, TimeSpan.Zero));
    private IStateStore _store = null!;

    private Secret Key => new() { File = Path.Combine(_folder.FullName, "key") };

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "key"), "secret\n");
        _store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder.FullName, "state.db")), _time);
        await SendAsync("one");
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_message_is_posted_once_signed_and_with_its_identity()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(204));
        Assert.Equal((1, 0), await DeliverAsync(receiver.Url));
        Assert.Equal((0, 0), await DeliverAsync(receiver.Url));
        var request = Assert.Single(receiver.Requests);
        Assert.Equal(("POST", "{\"n\":\"one\"}", "one"), (request.Method, request.Text, request.Headers["Idempotency-Key"]));
        Assert.Equal(FeedSignature.Of("secret", _time.GetUtcNow(), request.Body), request.Headers[FeedSignature.Header]);
    }

    [Theory]
    [InlineData(500, null, 5)]
    [InlineData(404, null, 5)]
    [InlineData(301, null, 5)]
    [InlineData(429, "120", 120)]
    [InlineData(503, "1", 5)]
    [InlineData(429, "99999999", 21600)]
    public async Task A_receiver_that_fails_or_asks_to_wait_is_tried_again_when_it_is_time(int status, string? after, int seconds)
    {
        var works = false;
        await using var receiver = new LocalHttp(_ => works ? new LocalReply(200) : new LocalReply(status, "", after is null ? "" : $"Retry-After: {after}\r\n"));
        Assert.Equal((0, 1), await DeliverAsync(receiver.Url));
        Assert.Contains($"{status}", (await _store.OutboxAsync("arena/devnet/alerts")).LastError, StringComparison.Ordinal);
        works = true;
        _time.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.Equal((0, 0), await DeliverAsync(receiver.Url));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((1, 0), await DeliverAsync(receiver.Url));
        Assert.Single(receiver.Requests.Select(request => request.Headers["Idempotency-Key"]).Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Waits_double()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(500));
        foreach (var seconds in (int[])[5, 10, 20])
        {
            Assert.Equal((0, 1), await DeliverAsync(receiver.Url));
            _time.Advance(TimeSpan.FromSeconds(seconds - 1));
            Assert.Equal((0, 0), await DeliverAsync(receiver.Url));
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task A_receiver_that_never_answers_is_left_after_its_time()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var receiver = new LocalHttp(_ =>
        {
            asked.SetResult();
            return null;
        });
        var delivering = DeliverAsync(receiver.Url);
        await asked.Task;
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((0, 1), await delivering);
        Assert.Contains("within 5 s", (await _store.OutboxAsync("arena/devnet/alerts")).LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receiver_that_is_down_gets_it_when_it_is_there_again()
    {
        Uri gone;
        await using (var closed = new LocalHttp(_ => new LocalReply(200)))
        {
            gone = closed.Url;
        }

        Assert.Equal((0, 1), await DeliverAsync(gone));
        _time.Advance(TimeSpan.FromSeconds(5));
        await using var receiver = new LocalHttp(_ => new LocalReply(200));
        Assert.Equal((1, 0), await DeliverAsync(receiver.Url));
    }

    [Fact]
    public async Task A_process_that_dies_between_sending_and_marking_sends_again_under_the_same_identity()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(200));
        using (var dying = New(new UnmarkingStore(_store), receiver.Url))
        {
            await Assert.ThrowsAsync<ProcessDiedException>(() => dying.DeliverAsync(CancellationToken.None));
        }

        Assert.Equal((0, 0), await DeliverAsync(receiver.Url));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal((1, 0), await DeliverAsync(receiver.Url));
        Assert.Equal(["one", "one"], receiver.Requests.Select(request => request.Headers["Idempotency-Key"]));
        Assert.Equal(receiver.Requests[0].Text, receiver.Requests[1].Text);
        Assert.Equal(0, (await _store.OutboxAsync("arena/devnet/alerts")).Waiting);
    }

    [Fact]
    public async Task After_its_last_attempt_a_message_is_given_up_and_the_outbox_shows_it()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(500));
        for (var attempt = 1; attempt < AlertDelivery.MostAttempts; attempt++)
        {
            Assert.Equal((0, 1), await DeliverAsync(receiver.Url));
            _time.Advance(TimeSpan.FromHours(1));
        }

        using var delivery = New(_store, receiver.Url);
        var last = await delivery.DeliverAsync(CancellationToken.None);
        Assert.Contains("one", Assert.Single(last.GivenUp), StringComparison.Ordinal);
        var outbox = await _store.OutboxAsync("arena/devnet/alerts");
        Assert.Equal((0L, 1L), (outbox.Waiting, outbox.GivenUp));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal((0, 0), await DeliverAsync(receiver.Url));
    }

    [Fact]
    public async Task One_that_is_not_taken_does_not_hold_up_the_others()
    {
        await SendAsync("two");
        await using var receiver = new LocalHttp(request => new LocalReply(request.Headers["Idempotency-Key"] == "one" ? 500 : 200));
        Assert.Equal((1, 1), await DeliverAsync(receiver.Url));
    }

    [Fact]
    public async Task A_key_that_is_missing_and_a_receiver_elsewhere_without_tls_send_nothing_and_are_told()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(200));
        File.Delete(Key.File!);
        Assert.Equal((0, 1), await DeliverAsync(receiver.Url));
        Assert.Empty(receiver.Requests);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((0, 1), await DeliverAsync(new Uri("http://192.0.2.1/")));
        Assert.Contains("https", (await _store.OutboxAsync("arena/devnet/alerts")).LastError, StringComparison.Ordinal);
    }

    private Task<long> SendAsync(string key) => _store.CommitAsync(new StateCommit { Messages = [new MessageWrite("arena/devnet/alerts", key, $"{{\"n\":\"{key}\"}}")] });

    private AlertDelivery New(IStateStore store, Uri url) => new(store, "devnet", new AlertReceiver(new EndpointReference { Url = url.ToString() }, Key), _time);

    private async Task<(int Delivered, int Delayed)> DeliverAsync(Uri url)
    {
        using var delivery = New(_store, url);
        var done = await delivery.DeliverAsync(CancellationToken.None);
        return (done.Delivered, done.Delayed);
    }

    /// <summary>A store whose process dies before a delivery is marked.</summary>
    private sealed class UnmarkingStore(IStateStore store) : IStateStore
    {
        public Task<bool> SettleAsync(OutboxMessage message, Delivery delivery, CancellationToken cancellationToken = default) => throw new ProcessDiedException();

        public Task<IReadOnlyList<OutboxMessage>> ClaimAsync(string channel, int limit, TimeSpan held, CancellationToken cancellationToken = default) => store.ClaimAsync(channel, limit, held, cancellationToken);

        public Task<long> CommitAsync(StateCommit commit, CancellationToken cancellationToken = default) => store.CommitAsync(commit, cancellationToken);

        public Task<IReadOnlyList<StoredEvent>> ReadAsync(string stream, long after = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default) => store.ReadAsync(stream, after, limit, cancellationToken);

        public Task<IReadOnlyList<StoredEvent>> ReadAllAsync(string prefix, long afterPosition = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default) => store.ReadAllAsync(prefix, afterPosition, limit, cancellationToken);

        public Task<StoredDocument?> GetAsync(string collection, string key, CancellationToken cancellationToken = default) => store.GetAsync(collection, key, cancellationToken);

        public Task<IReadOnlyList<StoredDocument>> ListAsync(string collection, string? afterKey = null, int limit = int.MaxValue, CancellationToken cancellationToken = default) => store.ListAsync(collection, afterKey, limit, cancellationToken);

        public Task<Lease?> TryAcquireAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken = default) => store.TryAcquireAsync(name, holder, duration, cancellationToken);

        public Task<Lease?> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default) => store.RenewAsync(lease, duration, cancellationToken);

        public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default) => store.ReleaseAsync(lease, cancellationToken);

        public Task<Lease?> FindLeaseAsync(string name, CancellationToken cancellationToken = default) => store.FindLeaseAsync(name, cancellationToken);

        public Task<OutboxState> OutboxAsync(string channel, CancellationToken cancellationToken = default) => store.OutboxAsync(channel, cancellationToken);

        public Task ProbeAsync(CancellationToken cancellationToken = default) => store.ProbeAsync(cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

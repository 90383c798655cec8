using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Incidents;
using AgiJobs.Storage;
using AgiJobs.Storage.Tests;

namespace AgiJobs.Response.Tests.Incidents;

public sealed class IncidentStoreTests(PostgresServer postgres) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-incidents-").FullName;
    private readonly Team _team = new();

    private StateLocation Place => StateLocation.File(Path.Combine(_folder, "state.db"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Task<SignedIncidentAct> SignAsync(string name, IncidentAct act) => _team.Signing.SignAsync(act, null, _team.KeyOf(name), null, default);

    [Fact]
    public async Task In_a_file_many_people_who_note_at_once_lose_no_note() => await AllNotesAsync(Place);

    [Fact]
    public async Task In_PostgreSQL_many_people_who_note_at_once_lose_no_note() => await AllNotesAsync(await postgres.PlaceAsync());

    private async Task AllNotesAsync(StateLocation place)
    {
        await using var first = await StateStore.OpenAsync(place, TimeProvider.System);
        await using var second = await StateStore.OpenAsync(place, TimeProvider.System);
        var stores = new[] { new IncidentStore(first, "local", ChainId.Local), new IncidentStore(second, "local", ChainId.Local) };
        await stores[0].AppendAsync(await SignAsync("cy", Team.Open(Team.Start)), _team.Signing);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async index => await stores[index % 2].AppendAsync(await SignAsync(index % 2 == 0 ? "ada" : "bob", Team.Act(IncidentActs.Note, Team.Start.AddSeconds(index)) with { Text = $"note {index}" }), _team.Signing)));
        var state = await stores[1].ReadAsync(Team.Id);
        Assert.Equal(11, state.Version);
        Assert.Equal([.. Enumerable.Range(0, 10).Select(index => $"note {index}")], state.Acts.Skip(1).Select(act => act.Signed.Act.Text!).Order(StringComparer.Ordinal));
        Assert.Equal(Team.Id, Assert.Single(await stores[0].ListAsync()).Id);
    }

    [Fact]
    public async Task A_process_that_dies_at_the_commit_leaves_the_act_whole_or_not_there_and_the_next_run_does_not_do_it_twice()
    {
        await using var state = await StateStore.OpenAsync(Place, TimeProvider.System);
        var store = new IncidentStore(state, "local", ChainId.Local);
        await store.AppendAsync(await SignAsync("cy", Team.Open(Team.Start)), _team.Signing);
        var note = await SignAsync("ada", Team.Act(IncidentActs.Note, Team.Start) with { Text = "paused" });
        await Assert.ThrowsAsync<OperationCanceledException>(() => new IncidentStore(new DyingStore(state, commitsFirst: false), "local", ChainId.Local).AppendAsync(note, _team.Signing));
        Assert.Equal(1, (await store.ReadAsync(Team.Id)).Version);
        await Assert.ThrowsAsync<OperationCanceledException>(() => new IncidentStore(new DyingStore(state, commitsFirst: true), "local", ChainId.Local).AppendAsync(note, _team.Signing));
        Assert.Equal(2, (await store.ReadAsync(Team.Id)).Version);
        Assert.Equal("incident-twice", (await Assert.ThrowsAsync<ControlException>(() => store.AppendAsync(note, _team.Signing))).Code);
        Assert.Equal(2, (await store.ReadAsync(Team.Id)).Version);
    }

    [Theory]
    [InlineData("SEV-1", "SEV-3")]
    [InlineData("\"by\":\"ada\"", "\"by\":\"bob\"")]
    [InlineData("\"duty\":\"commander\"", "\"duty\":\"security\"")]
    [InlineData("\"version\":1", "\"version\":2")]
    [InlineData("\"kind\":\"open\"", "\"kind\":\"note\"")]
    [InlineData("", "")]
    public async Task A_stream_that_somebody_wrote_by_hand_is_refused(string from, string to)
    {
        await using var state = await StateStore.OpenAsync(Place, TimeProvider.System);
        var store = new IncidentStore(state, "local", ChainId.Local);
        await store.AppendAsync(await SignAsync("ada", Team.Open(Team.Start)), _team.Signing);
        var data = (await store.EventsAsync(Team.Id))[0].Data;
        // With nothing to change, it is the whole act under the name of another incident.
        var forged = from.Length == 0 ? data : data.Replace(from, to, StringComparison.Ordinal);
        Assert.True(from.Length == 0 || forged != data);
        await state.CommitAsync(new StateCommit { Events = [new StreamAppend("response/local/incidents/2026-03-02-forged", 0, [new NewEvent("incident.open", forged)])] });
        Assert.Equal("incident-damaged", (await Assert.ThrowsAsync<ControlException>(() => store.ReadAsync("2026-03-02-forged"))).Code);
    }

    [Fact]
    public async Task What_was_not_signed_or_is_for_another_network_is_not_recorded()
    {
        await using var state = await StateStore.OpenAsync(Place, TimeProvider.System);
        var store = new IncidentStore(state, "local", ChainId.Local);
        var signed = await SignAsync("ada", Team.Open(Team.Start));
        Assert.Equal("incident-format", (await Assert.ThrowsAsync<ControlException>(() => store.AppendAsync(signed with { Act = signed.Act with { Title = "other" } }, _team.Signing))).Code);
        Assert.Equal("incident-format", (await Assert.ThrowsAsync<ControlException>(() => new IncidentStore(state, "main", ChainId.Local).AppendAsync(signed, _team.Signing))).Code);
        Assert.Empty(await store.ListAsync());
    }

    [Fact]
    public async Task An_act_of_a_key_that_is_nobodys_or_under_anothers_name_or_without_the_duty_is_not_recorded()
    {
        await using var state = await StateStore.OpenAsync(Place, TimeProvider.System);
        var store = new IncidentStore(state, "local", ChainId.Local);
        await store.AppendAsync(await SignAsync("ada", Team.Open(Team.Start)), _team.Signing);
        var approval = Team.Act(IncidentActs.ApproveResume, Team.Start.AddMinutes(1)) with { Reason = "checked" };
        async Task<string> RefusedAsync(SignedIncidentAct signed) => (await Assert.ThrowsAsync<ControlException>(() => store.AppendAsync(signed, _team.Signing))).Code;
        Assert.Equal("act-nobody", await RefusedAsync(Team.Forge(approval, "ada", Duty.Commander)));
        Assert.Equal("act-name", await RefusedAsync(await _team.SignAsAsync("bob", approval, "ada", Duty.Commander)));
        Assert.Equal("act-duty", await RefusedAsync(await _team.SignAsAsync("bob", approval, "bob", Duty.Commander)));
        Assert.Equal("act-duty", await RefusedAsync(await _team.SignAsAsync("bob", approval, "bob", Duty.Operator)));
        Assert.Equal(1, (await store.ReadAsync(Team.Id)).Version);
        Assert.Equal(2, (await store.AppendAsync(await _team.SignAsAsync("ada", approval, "ada", Duty.Commander), _team.Signing)).Version);
    }

    [Fact]
    public async Task One_damaged_incident_hides_no_other()
    {
        await using var state = await StateStore.OpenAsync(Place, TimeProvider.System);
        var store = new IncidentStore(state, "local", ChainId.Local);
        await store.AppendAsync(await SignAsync("ada", Team.Open(Team.Start)), _team.Signing);
        await state.CommitAsync(new StateCommit { Events = [new StreamAppend("response/local/incidents/2026-02-02-damaged", 0, [new NewEvent("incident.open", "{}")])] });
        var survey = await store.SurveyAsync();
        Assert.Equal([Team.Id], survey.Incidents.Select(incident => incident.Id));
        Assert.Equal(("2026-02-02-damaged", "incident-damaged"), (survey.Damaged[0].Id, survey.Damaged[0].Problem.Code));
        Assert.Equal("incident-damaged", (await Assert.ThrowsAsync<ControlException>(() => store.ListAsync())).Code);
    }

    // Dies with the commit, before it or after it.
    private sealed class DyingStore(IStateStore inner, bool commitsFirst) : IStateStore
    {
        public async Task<long> CommitAsync(StateCommit commit, CancellationToken cancellationToken = default)
        {
            if (commitsFirst)
            {
                await inner.CommitAsync(commit, cancellationToken);
            }

            throw new OperationCanceledException("killed");
        }

        public Task<IReadOnlyList<StoredEvent>> ReadAsync(string stream, long after = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default) => inner.ReadAsync(stream, after, limit, cancellationToken);

        public Task<IReadOnlyList<StoredEvent>> ReadAllAsync(string prefix, long afterPosition = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default) => inner.ReadAllAsync(prefix, afterPosition, limit, cancellationToken);

        public Task<StoredDocument?> GetAsync(string collection, string key, CancellationToken cancellationToken = default) => inner.GetAsync(collection, key, cancellationToken);

        public Task<IReadOnlyList<StoredDocument>> ListAsync(string collection, string? afterKey = null, int limit = int.MaxValue, CancellationToken cancellationToken = default) => inner.ListAsync(collection, afterKey, limit, cancellationToken);

        public Task<Lease?> TryAcquireAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken = default) => inner.TryAcquireAsync(name, holder, duration, cancellationToken);

        public Task<Lease?> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default) => inner.RenewAsync(lease, duration, cancellationToken);

        public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default) => inner.ReleaseAsync(lease, cancellationToken);

        public Task<Lease?> FindLeaseAsync(string name, CancellationToken cancellationToken = default) => inner.FindLeaseAsync(name, cancellationToken);

        public Task<IReadOnlyList<OutboxMessage>> ClaimAsync(string channel, int limit, TimeSpan held, CancellationToken cancellationToken = default) => inner.ClaimAsync(channel, limit, held, cancellationToken);

        public Task<bool> SettleAsync(OutboxMessage message, Delivery delivery, CancellationToken cancellationToken = default) => inner.SettleAsync(message, delivery, cancellationToken);

        public Task<OutboxState> OutboxAsync(string channel, CancellationToken cancellationToken = default) => inner.OutboxAsync(channel, cancellationToken);

        public Task ProbeAsync(CancellationToken cancellationToken = default) => inner.ProbeAsync(cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

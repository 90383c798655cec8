using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Runbooks;
using static AgiJobs.Response.Tests.Runbooks.RunbookGround;

namespace AgiJobs.Response.Tests.Runbooks;

public sealed class RunbookScreenTests : IAsyncLifetime
{
    private static readonly Dictionary<string, string> Nobody = new(StringComparer.Ordinal);
    private static readonly string Long = string.Join(' ', Enumerable.Repeat("0x5e661b79FE2D3F6cE70F5AAC07d8Cd9abb2743F1", 12));

    private RunbookGround _ground = null!;

    public async ValueTask InitializeAsync() => _ground = await StartAsync();

    public ValueTask DisposeAsync() => _ground.DisposeAsync();

    [Theory]
    [InlineData(80, 24, 3)]
    [InlineData(80, 24, 60)]
    [InlineData(40, 12, 60)]
    [InlineData(200, 60, 8)]
    public async Task It_fits_the_terminal_whatever_there_is_to_say_and_its_last_line_is_the_next_action(int width, int height, int steps)
    {
        var book = _ground.Book(string.Join(',', Enumerable.Range(0, steps).Select(index => Step($"step-{index}", $$""" "needs": [{{(index == 0 ? "" : $"\"step-{index - 1}\"")}}], "within": "5m", "command": {"line": "look {incident} {{Long}}", "interrupted": {"repeat": true}, "attention": [3]} """))), """{"name": "incident", "from": "incident", "what": "it"}""");
        var desk = _ground.Desk();
        var run = await desk.BeginAsync(book, "INC-7", null, new Dictionary<string, string>(StringComparer.Ordinal), null, CancellationToken.None);
        _ground.Answer = _ => (0, $$"""{"summary": "{{Long}}"}""");
        for (var index = 0; index <= steps; index++)
        {
            var next = run.Next()?.Step.Id;
            var lines = new RunbookScreen(run, Nobody, _ground.Time.GetUtcNow()).Lines(width, height, Long);
            Assert.InRange(lines.Count, 5, height);
            Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
            Assert.Matches(next is null ? "^COMPLETE" : $"^NEXT {next}( |:)", lines[^1]);
            Assert.True(next is null || lines.Any(line => line.StartsWith('>') && line.Contains(next, StringComparison.Ordinal)), "the next step is not among those that are shown");
            if (next is not null)
            {
                run = await desk.StepAsync(run.Id, next, _ground.Person(1, Duty.Operator), false, CancellationToken.None);
            }
        }
    }

    [Fact]
    public async Task It_leads_a_person_to_what_that_person_may_do_and_says_when_something_died_or_is_late()
    {
        var book = _ground.Book($$"""{{Step("pause", """ "within": "5m", "command": {"line": "owner system-pause --instance {incident} --signer {me}", "send": true, "emergency": true, "interrupted": {"repeat": true}} """)}},{{Step("command", """ "approval": {"statement": "I do."} """, "commander")}}""");
        var run = await _ground.Desk().BeginAsync(book, "INC-7", null, new Dictionary<string, string>(StringComparer.Ordinal), null, CancellationToken.None);
        var commander = _ground.Person(2, Duty.Commander);
        Assert.Equal("command", new RunbookScreen(run, Nobody, _ground.Time.GetUtcNow()) { MayDo = step => run.MayDo(step, commander) }.Next!.Step.Id);
        Assert.Contains("x SEND, p preview", new RunbookScreen(run, Nobody, _ground.Time.GetUtcNow()).Prompt(), StringComparison.Ordinal);
        _ground.Time.Advance(TimeSpan.FromMinutes(8));
        Assert.Contains("3m 0s OVERDUE", new RunbookScreen(run, Nobody, _ground.Time.GetUtcNow()).Prompt(), StringComparison.Ordinal);
        _ground.Answer = _ => throw new InvalidOperationException("killed");
        await Assert.ThrowsAsync<InvalidOperationException>(() => _ground.Desk().StepAsync(run.Id, "pause", _ground.Person(1, Duty.Operator), true, CancellationToken.None));
        run = await _ground.Desk().ReadAsync(run.Id, CancellationToken.None);
        var plain = new RunbookScreen(run, Nobody, _ground.Time.GetUtcNow()).Plain();
        Assert.Contains(plain, line => line.Contains("DIED", StringComparison.Ordinal));
        Assert.Contains(plain, line => line.Contains("does nothing twice, run it again", StringComparison.Ordinal));
        Assert.StartsWith("NEXT: agijobs runbook step test-INC-7 pause --execute", plain[^1], StringComparison.Ordinal);
        Assert.Contains(new RunbookScreen(run, new Dictionary<string, string>(StringComparer.Ordinal) { ["pause"] = "person-1, process 9" }, _ground.Time.GetUtcNow()).Plain(), line => line.Contains("being done by person-1", StringComparison.Ordinal));
    }
}

using AgiJobs.Steering.Guardrails;

namespace AgiJobs.Steering.Tests.Guardrails;

public sealed class SmokeRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("smoke").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_small_run_of_this_version_goes_to_its_report_and_its_page_is_safe_and_each_fault_of_either_is_told()
    {
        var told = await SmokeRun.AskAsync(_folder, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.True(told.Verdict() == GuardrailVerdict.Held, string.Join("; ", told.Select(one => one.Is)));

        var report = Path.Combine(_folder, "report");
        var page = await File.ReadAllTextAsync(Path.Combine(report, "lineage.html"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(report, "summary.json"), "{", TestContext.Current.CancellationToken);
        Assert.Equal((GuardrailVerdict.Missed, true), (SmokeRun.Look(report).Verdict, SmokeRun.Look(report).Is.StartsWith("summary.json is no JSON", StringComparison.Ordinal)));
        File.Delete(Path.Combine(report, "agents.svg"));
        Assert.Equal("the report has no agents.svg", SmokeRun.Look(report).Is);

        Red("no content security policy", "");
        Red("content security policy is", page.Replace("default-src 'none'", "default-src *", StringComparison.Ordinal));
        Red("content security policy is", page.Replace("style-src ", "style-src 'unsafe-inline' ", StringComparison.Ordinal));
        Red("one script", page.Replace("</script>", "alert(1)</script>", StringComparison.Ordinal));
        Red("one script", page.Replace("</body>", "<script>alert(1)</script></body>", StringComparison.Ordinal));
        Red("one style", page.Replace("</style>", "body{}</style>", StringComparison.Ordinal));
        Red("names src=\"https://elsewhere.example/", page.Replace("<header>", "<img src=\"https://elsewhere.example/x.png\"><header>", StringComparison.Ordinal));
        Red("no block of data", page.Replace("application/json", "text/plain", StringComparison.Ordinal));

        static void Red(string fault, string page)
        {
            var told = PageCheck.Of(page);
            Assert.Equal(GuardrailVerdict.Missed, told.Verdict);
            Assert.Contains(fault, told.Is, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_run_that_cannot_write_is_missed_and_its_page_unknown()
    {
        var taken = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(taken, "", TestContext.Current.CancellationToken);

        var told = await SmokeRun.AskAsync(taken, TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.Equal([("smoke", GuardrailVerdict.Missed), ("assets", GuardrailVerdict.Unknown)], told.Select(one => (one.Name, one.Verdict)));
    }
}
